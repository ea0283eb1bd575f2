// What may be configured about HTTP forwarding, and what does it compile to?
import type { AttemptHeaders, RequestFacts } from '@fastify-arr/facts'
import type { FastifyRequest } from 'fastify'
import { checkKeys } from '../options/known-keys.ts'
import { isTime, MAX_TIME } from '../options/time-limit.ts'
import type { DialSettings } from '../sockets/dial.ts'
import type { RewriteRequest, RewriteResponse } from './answer/rewrites.ts'
import { isBodySize, type MaxBodySize } from './request/body-limit.ts'

/** Time limits of forwarding, in ms; 0 disables one. */
export interface ForwardTimeouts {
  /** From the request's last byte to the answer's first. Defaults to 120000. */
  firstByte?: number
  /** Between two parts of a body, in either direction; server-sent events may pause without limit. Also for a client that stops reading a complete answer. Defaults to 120000. */
  idle?: number
  /** How long an idle connection to the upstream is kept; less where the upstream's Keep-Alive says so. Defaults to 4000. */
  keepAlive?: number
  /** How long sent bytes may wait while the receiving side, upstream or client, accepts none: for bodies in either direction and for WebSockets. Defaults to 60000. */
  send?: number
}

/** Options of HTTP forwarding. */
export interface ForwardOptions {
  timeouts?: ForwardTimeouts
  /** Limits on the connections to one upstream. */
  connections?: {
    /** Open connections; further requests wait for up to `timeouts.connect`. Defaults to 1024. */
    max?: number
    /** Idle connections that are kept. Defaults to 256. */
    idle?: number
    /** How long a connection is reused, in ms, so that a DNS change takes effect within this time. 0 for no limit. Defaults to 3600000. */
    maxAge?: number
    /** How many connections one client (an IPv6 /64 network is one client) may use at a time; its further requests wait. 0 for no limit. Defaults to half of `max`, rounded up. */
    perClient?: number
  }
  /** The minimum rate of a request's body, in bytes per second, with a grace period of 5 s; a slower client gets 408. 0 for no minimum. Defaults to 240, as in IIS. */
  minBytesPerSecond?: number
  /** How often a request is retried after its connection could not be opened, so that nothing was sent. Defaults to 0. */
  retries?: number
  /** Whether response headers that name the upstream (Location, Content-Location, Refresh, Domain and Path of Set-Cookie) are rewritten to the public host. Defaults to true. */
  reverseRewrite?: boolean
  /** Changes a request before it is sent: it changes `out`; `in` is the request as it arrived. No default. */
  rewriteRequest?: RewriteRequest
  /**
   * Headers that each attempt has of its own, such as `traceparent`: asked for before its head is written, that of a WebSocket's handshake as well.
   * Defaults to `request => request.attemptHeaders`, which @fastify-arr/open-telemetry writes.
   */
  attemptHeaders?: (request: FastifyRequest) => AttemptHeaders | null | undefined
  /** Changes an answer before the client gets it: its status, headers or body. No default. */
  rewriteResponse?: RewriteResponse
  /** The largest head of an answer, in bytes; a larger one is a bad answer. Defaults to 65536. */
  maxHeadSize?: number
  /**
   * The largest body of a request, in bytes, or a function of the request that gives it: a larger body is a 413. `undefined`, `null` and `Infinity` are
   * no limit. The function is called once for each request with a body, before the upstream is asked. Defaults to no limit.
   */
  maxBodySize?: MaxBodySize
}

/** The compiled options. */
export interface ForwardSettings {
  readonly dial: DialSettings
  readonly firstByteTimeout: number
  readonly idleTimeout: number
  readonly keepAliveTimeout: number
  readonly sendTimeout: number
  readonly maxConnections: number
  readonly maxIdle: number
  readonly maxAge: number
  readonly perClient: number
  /** Bytes per second. */
  readonly minRate: number
  readonly queueTimeout: number
  readonly retries: number
  /** `relative`: only a Location without a host, as @fastify/http-proxy does. */
  readonly reverseRewrite: boolean | 'relative'
  readonly rewriteRequest: RewriteRequest | null
  readonly attemptHeaders: NonNullable<ForwardOptions['attemptHeaders']>
  readonly rewriteResponse: RewriteResponse | null
  readonly headLimit: number
  readonly maxBodySize: MaxBodySize
}

export const FORWARD_TIMES = ['firstByte', 'idle', 'keepAlive', 'send'] as const

/** Compiles the options; their mistakes are added to `mistakes`. */
export function compileForward (options: ForwardOptions, dial: DialSettings, mistakes: string[]): ForwardSettings {
  checkKeys('connections', options.connections, ['max', 'idle', 'maxAge', 'perClient'], mistakes)
  for (const key of FORWARD_TIMES) {
    const value = options.timeouts?.[key]
    if (value !== undefined && !isTime(value)) mistakes.push(`\`timeouts.${key}\` must be a number of milliseconds from 0 to ${MAX_TIME}`)
  }
  const { maxAge } = options.connections ?? {}
  if (maxAge !== undefined && !isTime(maxAge)) mistakes.push(`\`connections.maxAge\` must be a number of milliseconds from 0 to ${MAX_TIME}`)
  for (const [name, value] of [['connections.max', options.connections?.max], ['maxHeadSize', options.maxHeadSize]] as const) {
    if (value !== undefined && !(Number.isSafeInteger(value) && value >= 1)) mistakes.push(`\`${name}\` must be a whole number, 1 or more`)
  }
  for (const [name, value] of [['connections.idle', options.connections?.idle], ['connections.perClient', options.connections?.perClient], ['minBytesPerSecond', options.minBytesPerSecond], ['retries', options.retries]] as const) {
    if (value !== undefined && !(Number.isSafeInteger(value) && value >= 0)) mistakes.push(`\`${name}\` must be a whole number, 0 or more`)
  }
  const maxBodySize = options.maxBodySize ?? Infinity
  if (typeof maxBodySize !== 'function' && !isBodySize(maxBodySize)) mistakes.push('`maxBodySize` must be a number of bytes, 0 or more, or a function of the request')
  for (const name of ['rewriteRequest', 'rewriteResponse', 'attemptHeaders'] as const) {
    if (options[name] !== undefined && typeof options[name] !== 'function') mistakes.push(`\`${name}\` must be a function`)
  }
  if (options.reverseRewrite !== undefined && typeof options.reverseRewrite !== 'boolean') mistakes.push('`reverseRewrite` must be true or false')
  return {
    dial,
    firstByteTimeout: options.timeouts?.firstByte ?? 120_000,
    idleTimeout: options.timeouts?.idle ?? 120_000,
    keepAliveTimeout: options.timeouts?.keepAlive ?? 4000,
    sendTimeout: options.timeouts?.send ?? 60_000,
    maxConnections: options.connections?.max ?? 1024,
    maxIdle: options.connections?.idle ?? 256,
    maxAge: maxAge ?? 3_600_000,
    perClient: options.connections?.perClient ?? Math.ceil((options.connections?.max ?? 1024) / 2),
    minRate: options.minBytesPerSecond ?? 240,
    retries: options.retries ?? 0,
    reverseRewrite: options.reverseRewrite ?? true,
    rewriteRequest: options.rewriteRequest ?? null,
    attemptHeaders: options.attemptHeaders ?? (request => (request as FastifyRequest & RequestFacts).attemptHeaders),
    rewriteResponse: options.rewriteResponse ?? null,
    queueTimeout: dial.connectTimeout,
    headLimit: options.maxHeadSize ?? 65_536,
    maxBodySize
  }
}
