// Which options are there, and which values are invalid?
import type { FastifyRequest } from 'fastify'
import { InvalidOptionsError } from './errors.ts'
import { unknownOptions } from './known-options.ts'

/** Options of the plugin. One of `listen` and `path` is needed. */
export interface MonitorOptions {
  /** Serves the page on a port of its own. On an address that is not of this machine alone, `token` or `authorize` is needed. */
  readonly listen?: { readonly port: number, /** Defaults to `localhost`. */ readonly host?: string }
  /** Serves the page at this path of the server itself, e.g. `/monitor`. Then `token` or `authorize` is needed. */
  readonly path?: string
  /** At least 16 characters. Whoever opens the page gives it once, as `?token=`, and then has a cookie; programs send it as `Authorization: Bearer`. No default. */
  readonly token?: string
  /** Whether a request may see the page; asked for each request. No default. */
  readonly authorize?: (request: FastifyRequest) => boolean | Promise<boolean>
  /** The hosts that the page may be asked by, without a port, against DNS rebinding. Defaults to `localhost`, `127.0.0.1`, `[::1]` and `listen.host`. */
  readonly hosts?: readonly string[]
  /** Whether WebSockets may be closed and servers switched from the page. Defaults to false. */
  readonly actions?: boolean
}

/** The options as they run. */
export interface Settings {
  readonly listen: { readonly port: number, readonly host: string } | null
  readonly path: string | null
  readonly token: string | null
  readonly authorize: ((request: FastifyRequest) => boolean | Promise<boolean>) | null
  readonly hosts: readonly string[]
  readonly actions: boolean
}

/** Compiles the options, or throws one InvalidOptionsError that lists every mistake. */
export function compile (options: MonitorOptions): Settings {
  const mistakes = unknownOptions(options, ['listen', 'path', 'token', 'authorize', 'hosts', 'actions'])
  const { listen, path, token, authorize, hosts, actions = false } = options
  if (mistakes.length > 0) throw new InvalidOptionsError(mistakes.join('; '))
  return { listen: listen === undefined ? null : { port: listen.port, host: listen.host ?? 'localhost' }, path: path ?? null, token: token ?? null, authorize: authorize ?? null, hosts: hosts ?? ['localhost', '127.0.0.1', '[::1]'], actions }
}
