// The executable request-trace.
import { run } from './command.ts'
import { coloursWanted } from './telling/colours-wanted.ts'

// `request-trace … | head` closes the pipe early; that is not an error.
process.stdout.on('error', error => { process.exit((error as NodeJS.ErrnoException).code === 'EPIPE' ? 0 : 2) })

process.exitCode = await run(process.argv.slice(2), {
  write: text => { process.stdout.write(text) },
  warn: text => { process.stderr.write(text) },
  colours: coloursWanted(process.env, process.stdout.isTTY === true),
  width: process.stdout.isTTY === true ? process.stdout.columns : null
})
