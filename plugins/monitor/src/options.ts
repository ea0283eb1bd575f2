// Which options are there, and which values are invalid?
import { BlockList, isIPv4, isIPv6 } from 'node:net'
import { normalizeHost } from '@fastify-arr/authority'
import type { FastifyRequest } from 'fastify'
import { InvalidOptionsError } from './errors.ts'
import { unknownOptions } from './known-options.ts'

/** Options of the plugin. One of `listen` and `path` is needed. */
export interface MonitorOptions {
  /** Serves the page on a port of its own. On an address that is not of this machine alone, `token` or `authorize` is needed. */
  readonly listen?: { readonly port: number, /** Defaults to `localhost`: 127.0.0.1, and ::1 where there is IPv6. */ readonly host?: string }
  /** Serves the page at this path of the server itself, e.g. `/monitor`. Then `token` or `authorize` is needed: behind a proxy on the same machine every client looks local. */
  readonly path?: string
  /** At least 16 characters. Whoever opens the page gives it once, as `?token=`, and then has a cookie; programs send it as `Authorization: Bearer`. No default. */
  readonly token?: string
  /** Whether a request may see the page; asked for each request that has the token, where there is one. One that throws or rejects says no. No default. */
  readonly authorize?: (request: FastifyRequest) => boolean | Promise<boolean>
  /** The hosts that the page may be asked by, without a port, against DNS rebinding. Defaults to `localhost`, `127.0.0.1`, `[::1]` and `listen.host`. */
  readonly hosts?: readonly string[]
  /** Whether WebSockets may be closed and servers switched from the page. Defaults to false. */
  readonly actions?: boolean
}

/** Whether a request may see the page. */
export type Authorize = (request: FastifyRequest) => boolean | Promise<boolean>

/** The options as they run. */
export interface Settings {
  readonly listen: { readonly port: number, readonly host: string } | null
  /** Without a slash at its end; empty for the server's root. */
  readonly path: string | null
  readonly token: string | null
  readonly authorize: Authorize | null
  /** In the form of `parseAuthority`. */
  readonly hosts: ReadonlySet<string>
  readonly actions: boolean
}

const OPTIONS: Readonly<Record<keyof MonitorOptions, true>> = { listen: true, path: true, token: true, authorize: true, hosts: true, actions: true }

const SHORTEST_TOKEN = 16

/** Compiles the options, or throws one InvalidOptionsError that lists every mistake. */
export function compile (options: MonitorOptions): Settings {
  const mistakes = unknownOptions(options, Object.keys(OPTIONS))
  const { listen, path, token, authorize, hosts, actions } = options
  if (listen === undefined && path === undefined) mistakes.push('`listen` or `path` is needed, so that the page is somewhere')
  if (listen !== undefined) mistakes.push(...mistakesInListen(listen))
  if (path !== undefined && !(typeof path === 'string' && /^\/(?:[\w.~-]+(?:\/[\w.~-]+)*\/?)?$/.test(path) && !/(?:^|\/)\.{1,2}(?:\/|$)/.test(path))) mistakes.push('`path` must be a path that begins with a slash, of letters, digits and `-._~`')
  // What a header and a URL can carry.
  if (token !== undefined && !(typeof token === 'string' && /^[\x21-\x7e]*$/.test(token) && token.length >= SHORTEST_TOKEN)) mistakes.push(`\`token\` must be a text of at least ${SHORTEST_TOKEN} characters, of ASCII and without spaces`)
  if (authorize !== undefined && typeof authorize !== 'function') mistakes.push('`authorize` must be a function')
  if (actions !== undefined && typeof actions !== 'boolean') mistakes.push('`actions` must be true or false')
  const names: unknown = hosts ?? []
  if (!Array.isArray(names) || (hosts !== undefined && names.length === 0)) mistakes.push('`hosts` must be a list of host names, with one at least')
  const named = Array.isArray(names) ? names.map((name: unknown) => typeof name === 'string' ? normalizeHost(name) : null) : []
  for (const [at, name] of named.entries()) if (name === null) mistakes.push(`\`hosts[${at}]\` must be a host name or an IP address, without a port`)
  if (token === undefined && authorize === undefined) {
    if (path !== undefined) mistakes.push('`path` needs `token` or `authorize`: behind a proxy on the same machine every client looks local')
    if (typeof listen?.host === 'string' && listen.host !== '' && !isOfThisMachine(bare(listen.host))) mistakes.push('`listen.host` is not of this machine alone, which needs `token` or `authorize`')
  }
  if (mistakes.length > 0) throw new InvalidOptionsError(mistakes.join('; '))
  const host = bare(listen?.host ?? 'localhost')
  const own = normalizeHost(host)
  return {
    listen: listen === undefined ? null : { port: listen.port, host },
    path: path?.replace(/\/$/, '') ?? null,
    token: token ?? null,
    authorize: authorize ?? null,
    hosts: new Set(hosts === undefined ? ['localhost', '127.0.0.1', '[::1]', ...own === null ? [] : [own]] : named as string[]),
    actions: actions ?? false
  }
}

function mistakesInListen (listen: NonNullable<MonitorOptions['listen']>): string[] {
  if (typeof listen !== 'object' || listen === null) return ['`listen` must be { port, host }']
  const mistakes = unknownOptions(listen, ['port', 'host']).map(mistake => mistake.replace('`', '`listen.'))
  if (!Number.isInteger(listen.port) || listen.port < 0 || listen.port > 65_535) mistakes.push('`listen.port` must be a port')
  const { host } = listen
  if (host !== undefined && (typeof host !== 'string' || (normalizeHost(host) === null && !isIPv6(host)))) mistakes.push('`listen.host` must be a host name or an IP address')
  return mistakes
}

/** As the system takes it: an IPv6 address without brackets, `localhost` in lower case. */
function bare (host: string): string {
  const name = host.replace(/^\[(.*)\]$/, '$1')
  return name.toLowerCase() === 'localhost' ? 'localhost' : name
}

const LOOPBACK = new BlockList()
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4')
LOOPBACK.addAddress('::1', 'ipv6')

/** True for an address that only this machine can reach. Any other name is looked up, and may lead anywhere. */
function isOfThisMachine (host: string): boolean {
  return host === 'localhost' || (isIPv4(host) && LOOPBACK.check(host)) || (isIPv6(host) && LOOPBACK.check(host, 'ipv6'))
}
