// Which options are there, and what do they compile to?
import { isAuthority } from '@fastify-arr/authority'
import type { RequestFacts } from '@fastify-arr/facts'
import type { FastifyRequest } from 'fastify'
import { compileUpgrades, type Upgrades } from './dispatch/protocols.ts'
import { InvalidOptions } from './errors.ts'
import { compileFarms, type FarmProxyOptions } from './farm/farm-options.ts'
import { compileForward, FORWARD_TIMES, type ForwardOptions, type ForwardSettings, type ForwardTimeouts } from './forward/options.ts'
import { ARR_HEADERS } from './headers/arr-headers.ts'
import { compileForwarding, type ForwardingOptions } from './headers/forwarding-headers.ts'
import { HeaderNames } from './headers/header-names.ts'
import { compileOwnership, type OwnedHeadersOptions } from './headers/owned-headers.ts'
import type { HeaderPolicy } from './headers/request-headers.ts'
import { splitEquivalents } from './options/http-proxy-options.ts'
import { checkKeys } from './options/known-keys.ts'
import { unknownOptions } from './options/known-options.ts'
import { BARE, compileRoute, type ProxyRouteOptions, type RouteSettings, type Scope } from './route/route-options.ts'
import { type Origin, Origins } from './route/target.ts'
import { upstreamOf } from './route/upstream-url.ts'
import type { UpstreamTls } from './sockets/dial.ts'
import { compileDial, DIAL_TIMES, type DialTimeouts } from './sockets/dial-options.ts'
import { compileTunnel, type TunnelOptions, type TunnelSettings } from './tunnel/options.ts'

/** A rewritten URL with the header changes that go with it: what url-rewrite writes to `request.rewrite`. */
export interface RewrittenRequest {
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
}

/** Options of the plugin. */
export interface UpstreamProxyOptions extends ForwardOptions, OwnedHeadersOptions, ProxyRouteOptions {
  /** Where requests go: `http://host:port/base`, `https://…` or `unix://%2Frun%2Fapp.sock`. Needed unless `to` or url-rewrite names it. No default. */
  upstream?: string
  /** Decides the URL of each request: an absolute URL, or a path on `upstream`; null or undefined leaves the request to `upstream`. Defaults to `request => request.rewrite`. */
  to?: (request: FastifyRequest) => string | RewrittenRequest | null | undefined
  /** The path under which requests are proxied, appended to the prefix of the scope it is registered in. Defaults to `/`. */
  prefix?: string
  /** What replaces `prefix` (with the scope's prefix before it) on the upstream. Defaults to the path of `upstream`. */
  rewritePrefix?: string
  /** Whether WebSockets are proxied, or the options for them, which hold for every tunnel. Defaults to true, or to what `upgrades` says. */
  websocket?: boolean | TunnelOptions
  /**
   * The protocols whose upgrades are tunnelled, each a name with or without a version, in any case: `websocket`, `tcp`, `SPDY/3.1`. A name without a version
   * allows every version. An upgrade to any other protocol is plain HTTP, and so is one with a body. Must agree with `websocket`. Defaults to `['websocket']`.
   */
  upgrades?: readonly string[]
  /**
   * Paths whose upgrades go to the server's other `upgrade` listeners (a bare `ws` server, socket.io) and not to the proxy,
   * each with all paths beneath it, e.g. `/socket.io/`. Defaults to none: such listeners get the upgrades that no route of Fastify takes.
   */
  localUpgrades?: readonly string[]
  /** TLS towards `https` upstreams, with the names of `node:tls`: `ca`, `cert`, `key`, `servername`, `rejectUnauthorized` … Certificates are verified by default. */
  tls?: UpstreamTls
  /** The Host header the upstream gets: `upstream`, `preserve` (the client's), or a fixed value. Defaults to `upstream`. */
  hostHeader?: 'upstream' | 'preserve' | (string & {})
  /** What happens to X-Forwarded-For, -Host, -Proto and Forwarded. Defaults to `append` for the first, `set` for the next two and `remove` for the last. */
  forwarded?: ForwardingOptions
  /**
   * Whether the upstream is told about the client's TLS as ARR does: X-ARR-SSL where the connection is encrypted, X-ARR-ClientCert where
   * the client has given a valid certificate. A client's own headers of these names are dropped, also those of a trusted one. Defaults to false.
   */
  arrHeaders?: boolean
  /** Time limits, in ms; 0 switches one off. */
  timeouts?: ForwardTimeouts & DialTimeouts
  /** Options for the exchanges with single farms, by their names, which are compared without case. Each option defaults to the proxy's own. Defaults to none. */
  farms?: Readonly<Record<string, FarmProxyOptions>>
}

// A record, so that a missing key is a compile error.
const OPTIONS: Readonly<Record<keyof UpstreamProxyOptions, true>> = {
  upstream: true,
  to: true,
  prefix: true,
  rewritePrefix: true,
  websocket: true,
  upgrades: true,
  localUpgrades: true,
  tls: true,
  onRequest: true,
  preValidation: true,
  preHandler: true,
  config: true,
  constraints: true,
  methods: true,
  logLevel: true,
  hostHeader: true,
  forwarded: true,
  ownedHeaders: true,
  arrHeaders: true,
  dropUnderscores: true,
  rewriteRequest: true,
  attemptHeaders: true,
  rewriteResponse: true,
  reverseRewrite: true,
  maxHeadSize: true,
  maxBodySize: true,
  timeouts: true,
  farms: true,
  connections: true,
  retries: true,
  minBytesPerSecond: true
}

/** The options as they run. */
export interface Settings {
  readonly upstream: Origin | null
  readonly to: NonNullable<UpstreamProxyOptions['to']>
  /** With the prefix of the scope. */
  readonly prefix: string
  readonly rewritePrefix: string
  readonly upgrades: Upgrades
  readonly tunnel: TunnelSettings
  readonly localUpgrades: readonly string[]
  readonly tls: UpstreamTls
  /** TCP keep-alive delay, in ms. */
  readonly keepAlive: number
  readonly headers: HeaderPolicy
  readonly connectTimeout: number
  readonly handshakeTimeout: number
  readonly origins: Origins
  readonly forward: ForwardSettings
  readonly route: RouteSettings
  /** The settings of the farms that have their own, by name in lower case. */
  readonly farms: ReadonlyMap<string, Settings>
}

/** Compiles the options for a scope of Fastify, or throws one InvalidOptions that lists every mistake. */
export function compile (options: UpstreamProxyOptions, scope: Scope = BARE): Settings {
  const mistakes: string[] = []
  const settings = settingsOf(options, scope, mistakes)
  const farms = compileFarms(options, mistakes, (farm, mistakes) => settingsOf(farm, scope, mistakes))
  if (mistakes.length > 0) throw new InvalidOptions(mistakes.join('; '))
  return { ...settings, farms }
}

/** The settings but those of farms; mistakes are added to `mistakes`. */
function settingsOf (options: UpstreamProxyOptions, scope: Scope, mistakes: string[]): Settings {
  const { mistakes: equivalents, rest } = splitEquivalents(options)
  mistakes.push(...equivalents, ...unknownOptions(rest, Object.keys(OPTIONS)))
  const origins = new Origins()
  const upstream = upstreamOf(options.upstream, origins, mistakes)
  const rewritePrefix = options.rewritePrefix ?? upstream?.path
  // A prefix may contain a parameter with a pattern.
  for (const [key, path] of [['prefix', /^(?:$|\/[^#\s]*$)/], ['rewritePrefix', /^(?:$|\/[^?#\s]*$)/]] as const) {
    const value: unknown = options[key]
    if (value !== undefined && !(typeof value === 'string' && path.test(value))) mistakes.push(`\`${key}\` must be a path that begins with a slash`)
  }
  checkKeys('timeouts', options.timeouts, [...DIAL_TIMES, ...FORWARD_TIMES], mistakes)
  const host: unknown = options.hostHeader ?? 'upstream'
  if (typeof host !== 'string' || !isAuthority(host)) mistakes.push('`hostHeader` must be upstream, preserve or what a Host header may hold')
  if (options.to !== undefined && typeof options.to !== 'function') mistakes.push('`to` must be a function of the request')
  const { websocket = true, localUpgrades = [] } = options
  const upgrades = compileUpgrades(options.upgrades, options.websocket, mistakes)
  if (typeof websocket !== 'boolean' && (typeof websocket !== 'object' || websocket === null)) mistakes.push('`websocket` must be true, false or an object')
  if (!Array.isArray(localUpgrades) || !localUpgrades.every(path => typeof path === 'string' && path.startsWith('/'))) {
    mistakes.push('`localUpgrades` must be a list of paths that begin with a slash')
  }
  const tunnel = compileTunnel(typeof websocket === 'object' && websocket !== null ? websocket : {}, mistakes)
  const dial = compileDial(options, tunnel.keepAlive, mistakes)
  const forward = compileForward(options, dial, mistakes)
  const route = compileRoute(options, scope, mistakes)
  const forwarding = compileForwarding(options.forwarded, mistakes)
  if (options.arrHeaders !== undefined && typeof options.arrHeaders !== 'boolean') mistakes.push('`arrHeaders` must be true or false')
  const arr = options.arrHeaders === true
  const names = new HeaderNames(arr ? new Set([...forwarding.replaced, ...ARR_HEADERS]) : forwarding.replaced, compileOwnership(options, mistakes))
  return {
    upstream: upstream?.origin ?? null,
    to: options.to ?? (request => (request as FastifyRequest & RequestFacts).rewrite),
    prefix: scope.prefix + (options.prefix === '/' ? '' : options.prefix ?? '') || '/',
    // As in @fastify/http-proxy, an empty one is the root.
    rewritePrefix: rewritePrefix === undefined || rewritePrefix === '' ? '/' : rewritePrefix,
    upgrades,
    tunnel,
    localUpgrades,
    ...dial,
    // A tunnel's connections get keep-alive only after a while: for a short-lived one, most system calls would be for this.
    keepAlive: 0,
    headers: {
      host: host === 'upstream' || host === 'preserve' ? host : { value: host as string },
      forwarding,
      arr,
      names
    },
    handshakeTimeout: options.timeouts?.handshake ?? 10_000,
    origins,
    forward,
    route,
    farms: new Map()
  }
}
