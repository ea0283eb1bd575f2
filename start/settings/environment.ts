// What does the environment say? Ports, the log's folder and the upstream, checked before anything starts.
import { existsSync } from 'node:fs'
import { noCircle } from './circle.ts'
import { readMachine, type MachineSettings } from './machine.ts'
import { trustedProxies, trustMistake } from './trusted-proxies.ts'
import { workersIn } from './workers.ts'

/** The settings of the site. Each can be given as an option of `app.ts` as well, which goes before. */
export interface Settings extends MachineSettings {
  /** `HTTP_PORT`, or `PORT`, which hosting services set. Defaults to 8000; 0 takes a free one. */
  httpPort: number
  /** `HTTPS_PORT`. Defaults to 8443; 0 takes a free one; null (`off`) opens none. */
  httpsPort: number | null
  /** `BACKEND_PORT`. Defaults to 8080; 0 takes a free one. */
  backendPort: number
  /** `METRICS_PORT`: metrics for Prometheus, and health, on `METRICS_HOST`. Defaults to none; 0 takes a free one. */
  metricsPort: number | null
  /** `MONITOR_PORT`: the page that shows what happens, on localhost. Defaults to 8001; 0 takes a free one; null (`off`) serves none. */
  monitorPort: number | null
  /** `WORKERS`: how many processes serve, `auto` for one per core. On the command line `-- --workers`. Defaults to this process alone, null. */
  workers: number | 'auto' | null
  /** `LOG_DIR`; null (`off`) writes no files, and no traces. Defaults to `logs`. */
  logDirectory: string | null
  /** `TRACES`: `off` traces nothing. Defaults to true: what fails is traced, or what the `webConfig` says. */
  traces: boolean
  /** `UPSTREAM`: proxy to this URL instead of the bundled backend. Defaults to none. */
  upstream: string | null
  /**
   * `WEB_CONFIG`: a `web.config` or `applicationHost.config` that says what the site is, instead of the article's
   * rule; read again when it changes. Or the folder of a server that was copied; or several files, with semicolons or line breaks
   * between: behind `applicationHost.config`, each with its place, as in `shop/app=app/web.config`. On the command line
   * `-- --web-config FILE`, which may be given more than once. The bundled backend is not started. Defaults to none.
   */
  webConfig: string | readonly string[] | null
  /**
   * `WEB_CONFIG_ROOT`: folders of the server, and where they were copied to, as in `C:\\inetpub=/srv/inetpub`, with semicolons or line
   * breaks between. On the command line `-- --root FOLDER=FOLDER`. Defaults to none.
   */
  root: string | readonly string[]
  /** `WEB_CONFIG_BASE`: the directory that the `web.config` is for, such as `/app`. On the command line `-- --base PATH`. Defaults to none. */
  base: string | null
  /**
   * `WEB_CONFIG_FILES`: `true` serves the files in the folder of a `web.config`, `false` serves none. On the command line `-- --files`.
   * Defaults to the files of a server whose folders are known by `root`, and to none of a `web.config`.
   */
  files: boolean | null
  /**
   * `OPEN`: sections of the `webConfig` that refuse requests in IIS and need not here, by name, with commas between. On the
   * command line `-- --open NAMES`. Where the file has such a section that is not named, the site does not start.
   * Defaults to none.
   */
  open: readonly string[]
  /**
   * `CERTIFICATES`: the certificates of https hosts, `HOST=FILE.pfx`, `HOST=FILE.crt,FILE.key`, a folder, or `acme:MAIL`, with semicolons between.
   * On the command line `-- --certificate HOST=FILE`, more than once. Defaults to none.
   */
  certificate: readonly string[]
  /**
   * `DEVELOPMENT_CERTIFICATE=1`: the site starts although https hosts of the `webConfig` that others can reach have no certificate. On the
   * command line `-- --development-certificate`. Defaults to false.
   */
  developmentCertificate: boolean
  /** `CERTIFICATE_DIR`: the folder of the development certificate, and of ACME's in `acme` inside it, made where it is missing. Defaults to `certificates`. */
  certificates: string
}

const LEVELS: readonly string[] = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']

/** One or more settings with mistakes; the message has a sentence for each. */
export class EnvironmentError extends Error {
  override readonly name = 'EnvironmentError'
}

/** Names separated by commas. fastify-cli passes the options behind its `--` to the app as well: one text, or a list where one was repeated. */
export function namesIn (text: string | readonly string[]): string[] {
  return [text].flat().flatMap(names => names.split(',')).map(name => name.trim()).filter(name => name !== '')
}

/** Texts with line breaks or semicolons between. A semicolon may be part of a file's name: of one that is there it is. */
function linesIn (text: string): string[] {
  const whole = text.includes('\n') || existsSync(text)
  return text.split(whole ? '\n' : ';').map(line => line.trim()).filter(line => line !== '')
}

/** The one, or the list; null for none. */
function oneOrMore (texts: readonly string[]): string | readonly string[] | null {
  const [one = null, ...more] = texts
  return more.length === 0 ? one : texts
}

/** `C:\\inetpub=/srv/inetpub`, as iis-config takes it: the first `=` splits, a drive's colon does not. */
export function rootsIn (texts: string | readonly string[]): Record<string, string> {
  return Object.fromEntries([texts].flat().map(text => {
    const equals = text.indexOf('=')
    if (equals < 1 || equals === text.length - 1) throw new EnvironmentError(`WEB_CONFIG_ROOT must be two folders, such as C:\\inetpub=/srv/inetpub, and not ${JSON.stringify(text)}.`)
    return [text.slice(0, equals), text.slice(equals + 1)]
  }))
}

/** Reads the settings, or throws one EnvironmentError with every mistake. */
export function readEnvironment (env: Readonly<Record<string, string | undefined>>): Settings {
  const mistakes: string[] = []
  const httpName = !env.HTTP_PORT && env.PORT ? 'PORT' : 'HTTP_PORT'
  const settings: Settings = {
    httpPort: port(httpName, 8000),
    httpsPort: /^off$/i.test(env.HTTPS_PORT ?? '') ? null : port('HTTPS_PORT', 8443, ', or off'),
    backendPort: port('BACKEND_PORT', 8080),
    metricsPort: env.METRICS_PORT ? port('METRICS_PORT', 0) : null,
    monitorPort: /^off$/i.test(env.MONITOR_PORT ?? '') ? null : port('MONITOR_PORT', 8001, ', or off'),
    workers: workersIn(env.WORKERS, mistakes),
    logDirectory: /^off$/i.test(env.LOG_DIR ?? '') ? null : env.LOG_DIR || 'logs',
    traces: traces(),
    upstream: upstream(),
    webConfig: oneOrMore(linesIn(env.WEB_CONFIG ?? '')),
    root: linesIn(env.WEB_CONFIG_ROOT ?? ''),
    base: env.WEB_CONFIG_BASE || null,
    files: yesOrNo('WEB_CONFIG_FILES'),
    open: namesIn(env.OPEN ?? ''),
    certificate: (env.CERTIFICATES ?? '').split(';').filter(entry => entry.trim() !== ''),
    developmentCertificate: /^(1|true|yes)$/i.test(env.DEVELOPMENT_CERTIFICATE ?? ''),
    certificates: env.CERTIFICATE_DIR || 'certificates',
    ...readMachine(env, mistakes)
  }
  level()
  roots()
  distinct()
  if (settings.upstream !== null) noCircle(settings.upstream, httpName, settings, mistakes)
  const mistrusted = trustMistake(trustedProxies(env.TRUST_PROXY))
  if (mistrusted !== null) mistakes.push(mistrusted)
  if (mistakes.length > 0) throw new EnvironmentError(mistakes.join('\n'))
  return settings

  function port (name: string, byDefault: number, or = ''): number {
    const text = env[name]
    if (text === undefined || text === '') return byDefault
    if (/^\d{1,5}$/.test(text) && Number(text) <= 65535) return Number(text)
    mistakes.push(`${name} must be a port, a whole number from 0 to 65535${or}, and not ${JSON.stringify(text)}.`)
    return byDefault
  }

  function yesOrNo (name: string): boolean | null {
    const text = env[name]
    if (text === undefined || text === '') return null
    if (text === 'true' || text === 'false') return text === 'true'
    mistakes.push(`${name} must be true or false, and not ${JSON.stringify(text)}.`)
    return null
  }

  function traces (): boolean {
    const text = env.TRACES ?? ''
    if (!/^(?:on|off|)$/i.test(text)) mistakes.push(`TRACES must be on or off, and not ${JSON.stringify(text)}.`)
    return !/^off$/i.test(text)
  }

  function upstream (): string | null {
    const text = env.UPSTREAM
    if (text === undefined || text === '') return null
    if (/^https?:\/\/[^\s]+$/i.test(text) && URL.canParse(text)) {
      const { username, password, search, hash } = new URL(text)
      if (username + password + search + hash === '') return text
      mistakes.push('UPSTREAM must be a URL of a host and a path: a user, a password, a query or a fragment would be lost on the way.')
      return null
    }
    const meant = /^(?:[\w.-]+|\[[\da-f:]+\])(?::\d+)?(?:\/[^\s?#@]*)?$/i.test(text) && URL.canParse(`http://${text}`)
    mistakes.push(`UPSTREAM must be a URL such as http://localhost:8080, and not ${JSON.stringify(text)}${meant ? `: did you mean http://${text}?` : '.'}`)
    return null
  }

  function level (): void {
    const text = env.FASTIFY_LOG_LEVEL
    if (text && !LEVELS.includes(text)) mistakes.push(`FASTIFY_LOG_LEVEL must be ${LEVELS.slice(0, -1).join(', ')} or ${LEVELS.at(-1)}, and not ${JSON.stringify(text)}.`)
  }

  function roots (): void {
    try {
      rootsIn(settings.root)
    } catch (error) {
      mistakes.push((error as Error).message)
    }
  }

  function distinct (): void {
    const taken = new Map<number, string>()
    const ports: Array<[string, number | null]> = [[httpName, settings.httpPort], ['HTTPS_PORT', settings.httpsPort], ['METRICS_PORT', settings.metricsPort], ['MONITOR_PORT', settings.monitorPort]]
    if (settings.upstream === null && settings.webConfig === null) ports.push(['BACKEND_PORT', settings.backendPort])
    for (const [name, number] of ports) {
      if (number === null) continue
      const other = taken.get(number)
      if (number !== 0 && other !== undefined) mistakes.push(`${name} is ${number}, which ${other} has already.`)
      taken.set(number, name)
    }
  }
}
