// What may be configured about HTTP forwarding, and what does it compile to?
import { checkKeys } from '../options/known-keys.ts'
import { isTime, MAX_TIME } from '../options/time-limit.ts'
import type { DialSettings } from '../sockets/dial.ts'
import type { RewriteRequest, RewriteResponse } from './answer/rewrites.ts'

/** Time limits of forwarding, in ms; 0 switches one off. */
export interface ForwardTimeouts {
  /** From the request's last byte to the answer's first. Defaults to 120000. */
  firstByte?: number
  /** Between two parts of a body, either way; server-sent events may pause for as long as they like. Defaults to 120000. */
  idle?: number
  /** How long a connection to the upstream is kept without work; less where the upstream says so. Defaults to 4000. */
  keepAlive?: number
  /** For bytes that wait for a side which takes none of them, upstream or client: of a body either way, or in a WebSocket. Defaults to 60000. */
  send?: number
}

/** Options of HTTP forwarding. */
export interface ForwardOptions {
  timeouts?: ForwardTimeouts
  /** How many connections to one upstream there may be. */
  connections?: {
    /** At the same time; requests beyond it wait, for as long as a connection may take. Defaults to 1024. */
    max?: number
    /** Kept open without work. Defaults to 256. */
    idle?: number
    /** How long one serves further requests, in ms: a name that has come to mean another address is noticed by then. 0 for as long as it lasts. Defaults to 3600000. */
    maxAge?: number
    /** In use by one client (an IPv6 client by its /64) at the same time; its further requests wait. 0 for no limit. Defaults to half of `max`, rounded up. */
    perClient?: number
  }
  /** The least rate of a request's body, in bytes per second, 5 s of grace allowed; a client that is slower gets 408. 0 for any rate. Defaults to 240, as IIS. */
  minBytesPerSecond?: number
  /** How often a request is tried again whose connection did not come about; nothing was sent then. Defaults to 0. */
  retries?: number
  /** Whether response headers that name the upstream (Location, Content-Location, Refresh, Domain and Path of Set-Cookie) are turned back to the public host. Defaults to true. */
  reverseRewrite?: boolean
  /** Changes a request before it is sent: `out` is to be changed, `in` stays what arrived. No default. */
  rewriteRequest?: RewriteRequest
  /** Changes an answer before the client gets it: its status, its headers, its body. No default. */
  rewriteResponse?: RewriteResponse
  /** The largest head of an answer, in bytes; a larger one is a bad answer. Defaults to 65536. */
  maxHeadSize?: number
}

/** The options as they run. */
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
  readonly reverseRewrite: boolean
  readonly rewriteRequest: RewriteRequest | null
  readonly rewriteResponse: RewriteResponse | null
  readonly headLimit: number
}

export const FORWARD_TIMES = ['firstByte', 'idle', 'keepAlive', 'send'] as const

/** Compiles the options; what is wrong with them is added to `mistakes`. */
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
  for (const name of ['rewriteRequest', 'rewriteResponse'] as const) {
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
    rewriteResponse: options.rewriteResponse ?? null,
    queueTimeout: dial.connectTimeout,
    headLimit: options.maxHeadSize ?? 65_536
  }
}
