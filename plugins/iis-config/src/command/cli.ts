// The executable iis-config.
import { run } from './command.ts'

// A reader such as `head` may close the pipe early: that is no error.
process.stdout.on('error', () => {})

process.exitCode = run(process.argv.slice(2), {
  write: text => { process.stdout.write(text) },
  warn: text => { process.stderr.write(text) },
  colors: process.stdout.isTTY && !process.env.NO_COLOR && process.env.TERM !== 'dumb'
})
