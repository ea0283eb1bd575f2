// The command line of `arr-workers`.
import { run } from './command.ts'

const { code, text } = await run(process.argv.slice(2))
if (code === 0) console.log(text)
else console.error(text)
process.exitCode = code
