// Which words may be on the command line? The site's own options, and fastify-cli's: a misspelt one would be ignored, and the article's site would start.
import { EnvironmentError } from './environment.ts'
import { nearest } from './nearest.ts'

/** The site's options; those with `true` are followed by a value. */
const OWN: Readonly<Record<string, boolean>> = {
  'web-config': true,
  webconfig: true,
  webConfig: true,
  root: true,
  base: true,
  files: false,
  'no-files': false,
  open: true,
  certificate: true,
  'development-certificate': false,
  'trust-proxy': true,
  workers: true,
  help: false,
  h: false
}

/** Those of `fastify start` (fastify-cli 8), with their short names: followed by a value, and alone. */
const VALUES = 'port p address a socket s log-level l require r import i logging-module L follow-watch ignore-watch prefix x body-limit plugin-timeout T close-grace-delay g debug-port I debug-host inspect-port config c trust-proxy-hop trust-proxy-ips'
const FLAGS = 'pretty-logs P options o watch w verbose-watch V debug d trust-proxy-enabled'
const CLI: Readonly<Record<string, boolean>> = Object.fromEntries([...VALUES.split(' ').map(name => [name, true]), ...FLAGS.split(' ').map(name => [name, false])])

/**
 * Checks the words behind `fastify start`.
 *
 * @param variables the names of the settings: who writes `--http-port` is told of `HTTP_PORT`.
 * @throws EnvironmentError with a sentence for each word that is no option.
 */
export function checkWords (argv: readonly string[], variables: readonly string[]): void {
  const start = argv.indexOf('start')
  if (start === -1) return
  const mistakes: string[] = []
  const words = argv.slice(start + 1)
  // The one that belongs to fastify-cli: the app's file.
  let files = 1
  for (let at = 0; at < words.length; at++) {
    const word = words[at] as string
    if (word === '--') continue
    if (!word.startsWith('-')) {
      if (files-- <= 0) mistakes.push(`${JSON.stringify(word)} belongs to no option: a file of IIS is given as --web-config FILE.`)
      continue
    }
    const [name = '', value] = split(word.replace(/^--?/, ''))
    const takes = OWN[name] ?? CLI[dashed(name)]
    if (takes === undefined) mistakes.push(unknown(word.slice(0, value === undefined ? undefined : word.indexOf('=')), variables))
    // What follows a misspelt option is most likely its value.
    if (takes !== false && value === undefined && !(words[at + 1] ?? '--').startsWith('--')) at++
  }
  if (mistakes.length > 0) throw new EnvironmentError([...mistakes, 'All options and variables: npm start -- -- --help'].join('\n'))
}

/** Whether they ask for the site's help: behind fastify-cli's own `--`, since before it fastify-cli prints its own. */
export function asksForHelp (argv: readonly string[]): boolean {
  return argv.slice(argv.indexOf('start') + 1).some(word => word === '--help' || word === '-h')
}

function split (word: string): [string, string?] {
  const equals = word.indexOf('=')
  return equals === -1 ? [word] : [word.slice(0, equals), word.slice(equals + 1)]
}

function unknown (flag: string, variables: readonly string[]): string {
  const name = flag.replace(/^-+/, '')
  const variable = dashed(name).replaceAll('-', '_').toUpperCase()
  if (variables.includes(variable)) return `${flag} is no option: it is the variable ${variable} (${variable}=…).`
  const near = nearest(name.toLowerCase(), Object.keys(OWN).filter(known => known.length > 1 && !/webconfig/i.test(known)).concat(Object.keys(CLI).filter(known => known.length > 1)))
  return `${flag} is no option${near === null ? '' : `: the nearest is --${near}`}.`
}

function dashed (name: string): string {
  return name.length === 1 ? name : name.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)
}
