// What does the environment say? Ports, the log's folder and the upstream, checked before anything starts.

/** The settings of the site. Each can be given as an option of `app.ts` as well, which goes before. */
export interface Settings {
  /** `HTTP_PORT`. Defaults to 8000; 0 takes a free one. */
  httpPort: number
  /** `HTTPS_PORT`. Defaults to 8443; 0 takes a free one. */
  httpsPort: number
  /** `BACKEND_PORT`. Defaults to 8080; 0 takes a free one. */
  backendPort: number
  /** `LOG_DIR`. Defaults to `logs`. */
  logDirectory: string
  /** `UPSTREAM`: proxy to this URL instead of the bundled backend. Defaults to none. */
  upstream: string | null
  /**
   * `WEB_CONFIG`: a `web.config` or `applicationHost.config` that says what the site is, instead of the article's
   * rule; read again when it changes. On the command line `-- --web-config FILE`. The bundled backend is not started.
   * Defaults to none.
   */
  webConfig: string | null
  /**
   * `OPEN`: sections of the `webConfig` that refuse requests in IIS and need not here, by name, with commas between. On the
   * command line `-- --open NAMES`. Where the file has such a section that is not named, the site does not start.
   * Defaults to none.
   */
  open: readonly string[]
}

/** One or more settings with mistakes; the message has a sentence for each. */
export class EnvironmentError extends Error {
  override readonly name = 'EnvironmentError'
}

/** Names separated by commas. fastify-cli passes the options behind its `--` to the app as well: one text, or a list where one was repeated. */
export function namesIn (text: string | readonly string[]): string[] {
  return [text].flat().flatMap(names => names.split(',')).map(name => name.trim()).filter(name => name !== '')
}

/** Reads the settings, or throws one EnvironmentError with every mistake. */
export function readEnvironment (env: Readonly<Record<string, string | undefined>>): Settings {
  const mistakes: string[] = []
  const settings: Settings = {
    httpPort: port('HTTP_PORT', 8000),
    httpsPort: port('HTTPS_PORT', 8443),
    backendPort: port('BACKEND_PORT', 8080),
    logDirectory: env.LOG_DIR || 'logs',
    upstream: upstream(),
    webConfig: env.WEB_CONFIG || null,
    open: namesIn(env.OPEN ?? '')
  }
  distinct()
  noCircle()
  if (mistakes.length > 0) throw new EnvironmentError(mistakes.join('\n'))
  return settings

  function port (name: string, byDefault: number): number {
    const text = env[name]
    if (text === undefined || text === '') return byDefault
    if (/^\d{1,5}$/.test(text) && Number(text) <= 65535) return Number(text)
    mistakes.push(`${name} must be a port, a whole number from 0 to 65535, and not ${JSON.stringify(text)}.`)
    return byDefault
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
    mistakes.push(`UPSTREAM must be a URL such as http://localhost:8080, and not ${JSON.stringify(text)}.`)
    return null
  }

  function distinct (): void {
    const taken = new Map<number, string>()
    const ports: Array<[string, number]> = [['HTTP_PORT', settings.httpPort], ['HTTPS_PORT', settings.httpsPort]]
    if (settings.upstream === null && settings.webConfig === null) ports.push(['BACKEND_PORT', settings.backendPort])
    for (const [name, number] of ports) {
      const other = taken.get(number)
      if (number !== 0 && other !== undefined) mistakes.push(`${name} is ${number}, which ${other} has already.`)
      taken.set(number, name)
    }
  }

  // Every request would be proxied to the site itself until no connections are left.
  function noCircle (): void {
    if (settings.upstream === null) return
    const { hostname, protocol, port } = new URL(settings.upstream)
    if (!/^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname)) return
    const name = protocol === 'https:' ? 'HTTPS_PORT' : 'HTTP_PORT'
    const own = name === 'HTTPS_PORT' ? settings.httpsPort : settings.httpPort
    if (Number(port || (protocol === 'https:' ? 443 : 80)) === own) mistakes.push(`UPSTREAM is this site itself: ${name} is ${own}.`)
  }
}
