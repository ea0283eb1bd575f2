// Loaded by `fastify start --require`, before the app: what a program does for its user and a plugin must not do.
// The settings are checked, fastify-cli gets the port, and a failed start ends in a sentence, not in a stack.
import cluster from 'node:cluster'
import { endStart } from './end/failure.ts'
import { hearOnePress } from './end/key-press.ts'
import { baseOf, certificateOf, filesOf, isDevelopment, levelOf, openOf, rootOf, startingWords, trustProxyOf, webConfigOf, workersOf } from './settings/command-line.ts'
import { EnvironmentError, readEnvironment } from './settings/environment.ts'
import { helpText, VARIABLES } from './settings/help.ts'
import { openFolder } from './settings/log-folder.ts'
import { graceMistake, type Leaving } from './settings/machine.ts'
import { asksForHelp, checkWords } from './settings/options.ts'
import { superviseSite } from './supervisor.ts'

if (asksForHelp(startingWords())) {
  console.log(helpText())
  process.exit(0)
}

let workers: number | 'auto' | null = null
let leaving: Leaving = { delay: 0, window: 0, deadline: 0 }
try {
  checkWords(startingWords(), VARIABLES)
  const webConfig = webConfigOf(startingWords())
  if (webConfig !== null) process.env.WEB_CONFIG = webConfig
  for (const [option, variable, value, usage] of [
    ['--open', 'OPEN', openOf(startingWords()), 'NAMES'],
    ['--root', 'WEB_CONFIG_ROOT', rootOf(startingWords()), 'FOLDER=FOLDER'],
    ['--base', 'WEB_CONFIG_BASE', baseOf(startingWords()), 'PATH'],
    ['--files', 'WEB_CONFIG_FILES', filesOf(startingWords()), '']
  ] as const) {
    if (value !== null) process.env[variable] = value
    if (value !== null && !process.env.WEB_CONFIG) throw new EnvironmentError(`${option} is about a file of IIS, and there is none: npm start -- -- --web-config FILE ${`${option} ${usage}`.trim()}.`)
  }
  const certificate = certificateOf(startingWords())
  if (certificate !== null) process.env.CERTIFICATES = certificate
  if (isDevelopment(startingWords())) process.env.DEVELOPMENT_CERTIFICATE = '1'
  const trusted = trustProxyOf(startingWords())
  if (trusted !== null) process.env.TRUST_PROXY = trusted
  const given = workersOf(startingWords())
  if (given !== null) process.env.WORKERS = given
  const level = levelOf(startingWords())
  if (level !== null) process.env.FASTIFY_LOG_LEVEL = level
  const settings = readEnvironment(process.env)
  const tooShort = graceMistake(settings.leaving, startingWords(), process.env)
  if (tooShort !== null) throw new EnvironmentError(tooShort)
  if (settings.logDirectory !== null) openFolder(settings.logDirectory)
  workers = settings.workers
  leaving = settings.leaving
  // fastify-cli reads PORT after the modules that it requires.
  process.env.PORT = String(settings.httpPort)
} catch (error) {
  endStart(error)
}

if (workers !== null && cluster.isPrimary) superviseSite(workers, startingWords(), leaving)

process.once('unhandledRejection', endStart)
hearOnePress()

// When its terminal has been closed, Node aborts while it exits. fastify-cli listens to the signals of an abort as well, and
// a listener for SIGSEGV restarts the faulting instruction for ever: the process would never end.
process.once('exit', () => {
  for (const signal of ['SIGABRT', 'SIGBUS', 'SIGFPE', 'SIGILL', 'SIGSEGV', 'SIGTRAP']) process.removeAllListeners(signal)
})
