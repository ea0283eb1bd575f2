// What does the command line say? The files of the site, where its folders are, which sections are let through, its certificates, and which
// proxies are believed, behind fastify-cli's own options: `npm start -- -- --web-config FILE --root FOLDER=FOLDER --base PATH --open NAMES
// --certificate HOST=FILE --trust-proxy ADDRESSES`.
import { origin } from '../origin.ts'
import { EnvironmentError } from './environment.ts'

const USAGE = 'npm start -- -- --web-config FILE'

/**
 * The files, a line for each, at any position: some shells consume one `--`, and without it fastify-cli ignores the option silently.
 * Null where there is none.
 */
export function webConfigOf (argv: readonly string[]): string | null {
  const given = valuesOf(argv, /^--web-?config(=.*)?$/is)
  if (given.includes('')) throw new EnvironmentError(`--web-config needs a file: ${USAGE}.`)
  return given.length === 0 ? null : given.join('\n')
}

/** Which folders of the server were copied to where, a line for each. Null where there is none. */
export function rootOf (argv: readonly string[]): string | null {
  const given = valuesOf(argv, /^--root(=.*)?$/s)
  if (given.includes('')) throw new EnvironmentError(`--root needs two folders, such as C:\\inetpub=/srv/inetpub: ${USAGE} --root FOLDER=FOLDER.`)
  return given.length === 0 ? null : given.join('\n')
}

/** The directory that the file is for. Null where there is none. */
export function baseOf (argv: readonly string[]): string | null {
  const given = valuesOf(argv, /^--base(=.*)?$/s)
  if (given.length > 1) throw new EnvironmentError(`--base is one directory, and not ${given.length}: ${USAGE} --base PATH.`)
  if (given[0] === '') throw new EnvironmentError(`--base needs a directory, such as /app: ${USAGE} --base PATH.`)
  return given[0] ?? null
}

/** Whether the files in the folder of the file are served. Null where it is not said. */
export function filesOf (argv: readonly string[]): string | null {
  const last = argv.filter(word => /^--(?:no-)?files(?:=|$)/.test(word)).at(-1)
  if (last === undefined) return null
  if (last === '--files' || last === '--files=true') return 'true'
  if (last === '--no-files' || last === '--files=false') return 'false'
  throw new EnvironmentError(`--files is said alone, or as --no-files: ${USAGE} --files.`)
}

/** The sections of the file that may be let through, with commas between; it may be given more than once. Null where it is not. */
export function openOf (argv: readonly string[]): string | null {
  const given = valuesOf(argv, /^--open(=.*)?$/s)
  if (given.includes('')) throw new EnvironmentError(`--open needs names of sections, such as ipSecurity,access: ${USAGE} --open NAMES.`)
  return given.length === 0 ? null : given.join(',')
}

/** The certificates of https hosts, with semicolons between; the option may be given more than once. Null where it is not. */
export function certificateOf (argv: readonly string[]): string | null {
  const given = valuesOf(argv, /^--certificate(=.*)?$/s)
  if (given.includes('')) throw new EnvironmentError(`--certificate needs a file: ${USAGE} --certificate HOST=FILE.pfx.`)
  return given.length === 0 ? null : given.join(';')
}

/** The proxies in front that are believed, with commas between; the option may be given more than once. Null where it is not. */
export function trustProxyOf (argv: readonly string[]): string | null {
  const given = valuesOf(argv, /^--trust-proxy(=.*)?$/s)
  if (given.includes('')) throw new EnvironmentError('--trust-proxy needs addresses or networks: npm start -- -- --trust-proxy 10.0.0.0/8.')
  return given.length === 0 ? null : given.join(',')
}

/** How many processes serve. Null where it is not given. */
export function workersOf (argv: readonly string[]): string | null {
  const given = valuesOf(argv, /^--workers(=.*)?$/s)
  if (given.includes('')) throw new EnvironmentError('--workers needs auto or a number: npm start -- -- --workers auto.')
  return given.at(-1) ?? null
}

/** The level of the console: fastify-cli's option, which it would ignore beside the logger of `start/console.ts`. Null where it is not given. */
export function levelOf (argv: readonly string[]): string | null {
  return valuesOf(argv, /^(?:--log-?level|-l)(=.*)?$/is).at(-1) ?? null
}

/** Whether the development certificate is served for every https host. */
export function isDevelopment (argv: readonly string[]): boolean {
  return argv.includes('--development-certificate')
}

function valuesOf (argv: readonly string[], name: RegExp): string[] {
  return argv.flatMap((word, at) => {
    const option = name.exec(word)
    if (option === null) return []
    const next = argv[at + 1] ?? ''
    return [option[1]?.slice(1) ?? (next.startsWith('--') ? '' : next)]
  })
}

/** The words this process was started with: fastify-cli removes them from `process.argv`, and Node's report still has them. */
export function startingWords (): readonly string[] {
  return origin()?.words ?? (process.report.getReport() as unknown as { header: { commandLine: string[] } }).header.commandLine
}
