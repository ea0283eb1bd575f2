// The command `arr-log`: reads log files on a terminal.
import { printable } from '../format/escape.ts'
import { answer } from './command/answer.ts'
import { HELP, readArguments } from './command/arguments.ts'
import { follow } from './command/follow.ts'
import { Shown } from './command/shown.ts'
import { version } from './command/version.ts'

// `arr-log … | head` closes the pipe early; that is not an error.
process.stdout.on('error', error => { process.exit((error as NodeJS.ErrnoException).code === 'EPIPE' ? 0 : 1) })

try {
  const { values, paths } = readArguments()
  if (values.help === true) process.stdout.write(HELP)
  else if (values.version === true) process.stdout.write(`${version()}\n`)
  else if (values.follow === true) await follow(paths, new Shown(values))
  else await answer(values, paths, new Shown(values))
} catch (error) {
  process.stderr.write(`arr-log: ${printable((error as Error).message)}\n`)
  process.exit(1)
}
