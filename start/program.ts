// Loaded by `fastify start --require`, ahead of the app: what a program owes its user and a plugin must not do.
// The settings are checked, fastify-cli is told the port, and a failed start ends in a sentence, not in a stack.
import { openOf, startingWords, webConfigOf } from './command-line.ts'
import { EnvironmentError, readEnvironment } from './environment.ts'
import { endStart } from './failure.ts'
import { hearOnePress } from './key-press.ts'
import { openFolder } from './log-folder.ts'

try {
  const webConfig = webConfigOf(startingWords())
  if (webConfig !== null) process.env.WEB_CONFIG = webConfig
  const open = openOf(startingWords())
  if (open !== null) process.env.OPEN = open
  if (open !== null && !process.env.WEB_CONFIG) throw new EnvironmentError('--open is about a file of IIS, and there is none: npm start -- -- --web-config FILE --open NAMES.')
  const settings = readEnvironment(process.env)
  openFolder(settings.logDirectory)
  // fastify-cli reads PORT after the modules that it requires.
  process.env.PORT = String(settings.httpPort)
} catch (error) {
  endStart(error)
}

process.once('unhandledRejection', endStart)
hearOnePress()

// Where its terminal has been closed, Node aborts as it exits. fastify-cli listens to the signals of such an end as
// well, and a listener for SIGSEGV makes it begin again and again, for ever, where the process ought to be gone.
process.once('exit', () => {
  for (const signal of ['SIGABRT', 'SIGBUS', 'SIGFPE', 'SIGILL', 'SIGSEGV', 'SIGTRAP']) process.removeAllListeners(signal)
})
