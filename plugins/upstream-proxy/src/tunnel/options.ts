// What may be configured about WebSockets, and what does it compile to?
import { checkKeys } from '../options/known-keys.ts'
import { isTime, MAX_TIME } from '../options/time-limit.ts'
import { MAX_REASON } from './frames/close-frame.ts'

/** Options of the WebSocket tunnel. Times are in ms; 0 disables a limit. */
export interface TunnelOptions {
  /** Ends a tunnel in which no byte has passed for this time; pings are traffic. Defaults to 0. */
  idleTimeout?: number
  /** Ends a tunnel that has been open for this time. Defaults to 0. */
  maxAge?: number
  /** How long one direction may stay open without traffic after the other has ended. Defaults to 30000. */
  halfCloseTimeout?: number
  /** Idle time of a TCP connection before keep-alive probes, on both sides. Defaults to 60000. */
  keepAlive?: number
  /** The most tunnels at a time; beyond it an upgrade gets 503 with Retry-After. 0 for no limit. Defaults to 0. */
  maxTunnels?: number
  /** The value of Retry-After in a 503, in seconds. Defaults to 5. */
  retryAfter?: number
  /** How tunnels are ended when the server closes. */
  drain?: {
    /** The close code sent to both sides. Defaults to 1001. */
    code?: number
    /** The close reason, at most 123 bytes. Defaults to none. */
    reason?: string
    /** The time over which the Close frames are spread, so that the clients do not all reconnect at once. Defaults to 1000. */
    window?: number
    /** When tunnels that are still open are cut, counted from the start of the drain. Defaults to 3500. */
    deadline?: number
  }
}

/** The compiled tunnel options. */
export interface TunnelSettings {
  readonly idleTimeout: number
  readonly maxAge: number
  readonly halfCloseTimeout: number
  readonly keepAlive: number
  readonly maxTunnels: number
  readonly retryAfter: number
  /** Whether the upstream's first bytes wait until a client in this process has seen that its WebSocket is open. */
  readonly settles: boolean
  readonly drain: { readonly code: number, readonly reason: string, readonly window: number, readonly deadline: number }
}

const TIMES = ['idleTimeout', 'maxAge', 'halfCloseTimeout', 'keepAlive'] as const
const NUMBERS = ['maxTunnels', 'retryAfter'] as const

/** Compiles the tunnel options; their mistakes are added to `mistakes`. */
export function compileTunnel (options: TunnelOptions, mistakes: string[]): TunnelSettings {
  checkKeys('websocket', options, [...TIMES, ...NUMBERS, 'drain'], mistakes)
  for (const key of TIMES) check(`websocket.${key}`, options[key])
  // Whole numbers: one is sent in a header, the other is compared with a count.
  for (const key of NUMBERS) {
    const value: unknown = options[key]
    if (value !== undefined && !(Number.isSafeInteger(value) && value as number >= 0)) mistakes.push(`\`websocket.${key}\` must be a whole number, 0 or more`)
  }
  checkKeys('websocket.drain', options.drain, ['code', 'reason', 'window', 'deadline'], mistakes)
  const drain = options.drain ?? {}
  for (const key of ['window', 'deadline'] as const) check(`websocket.drain.${key}`, drain[key])
  const code = drain.code ?? 1001
  if (!isSendable(code)) mistakes.push('`websocket.drain.code` must be a close code that may be sent: 1000 to 1003, 1007 to 1014 or 3000 to 4999')
  const reason: unknown = drain.reason ?? ''
  if (typeof reason !== 'string' || Buffer.byteLength(reason) > MAX_REASON) mistakes.push('`websocket.drain.reason` must be a text of at most 123 bytes')
  return {
    idleTimeout: options.idleTimeout ?? 0,
    maxAge: options.maxAge ?? 0,
    halfCloseTimeout: options.halfCloseTimeout ?? 30_000,
    keepAlive: options.keepAlive ?? 60_000,
    maxTunnels: options.maxTunnels ?? 0,
    retryAfter: options.retryAfter ?? 5,
    settles: false,
    drain: { code, reason: drain.reason ?? '', window: drain.window ?? 1000, deadline: drain.deadline ?? 3500 }
  }

  function check (name: string, value: unknown): void {
    if (value !== undefined && !isTime(value)) mistakes.push(`\`${name}\` must be a number from 0 to ${MAX_TIME}`)
  }
}

/** True for the codes that an endpoint may send in a Close frame (RFC 6455 §7.4). */
export function isSendable (code: number): boolean {
  return Number.isInteger(code) &&
    ((code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999))
}
