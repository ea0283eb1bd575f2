// The command iis-config: arguments in, exit code out.
import { run } from './command.ts'

// A reader that has seen enough, as `head`, closes the pipe.
process.stdout.on('error', () => {})

process.exitCode = run(process.argv.slice(2), {
  write: text => { process.stdout.write(text) },
  warn: text => { process.stderr.write(text) },
  colors: process.stdout.isTTY && !process.env.NO_COLOR && process.env.TERM !== 'dumb'
})
