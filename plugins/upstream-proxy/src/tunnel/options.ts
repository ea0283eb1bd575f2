// What may be configured about WebSockets, and what does it compile to?
import { checkKeys } from '../options/known-keys.ts'
import { isTime, MAX_TIME } from '../options/time-limit.ts'
import { type AdmissionOptions, type AdmissionSettings, compileAdmission, type MaxTunnelsPer } from './admission/options.ts'
import { compileDrain, type DrainOptions, type DrainSettings } from './ending/drain-options.ts'
import { compileTimed, type Goodbye, type TimedGoodbye } from './ending/goodbye.ts'
import { compileFrames, FRAME_KEYS, type FrameOptions, type FrameSettings } from './frames/frame-options.ts'
import { compileUntil, type KeyOf, type Until, type UntilSettings } from './register/terms.ts'

export type { AdmissionOptions, MaxTunnelsPer } from './admission/options.ts'
export type { Goodbye, TimedGoodbye } from './ending/goodbye.ts'
export type { BothWays, FrameOptions, PingOptions, RateOptions } from './frames/frame-options.ts'

/** Options of the WebSocket tunnel. Times are in ms; 0 disables a limit. */
export interface TunnelOptions extends FrameOptions {
  /** Ends a tunnel in which no byte has passed for this time; pings are traffic. A number ends it with code 1001. Defaults to 0. */
  idleTimeout?: number | TimedGoodbye
  /** Ends a tunnel that has been open for this time. A number ends it with code 1001. Defaults to 0. */
  maxAge?: number | TimedGoodbye
  /**
   * Ends a tunnel when what opened it, such as a token, is no longer valid: a Date or ms since the epoch on the system's clock, to a second;
   * null for no end. Called once for each handshake, after the hooks. A time that is past refuses the handshake with 401. A function ends it
   * with code 3000, Unauthorized. Defaults to no end.
   */
  until?: Until | (Goodbye & { at: Until })
  /** Names the user, or whatever else several tunnels belong to, for `fastify.tunnels.of` and `closeAll`; null for nobody. Called once for each handshake, after the hooks. No default. */
  key?: KeyOf
  /** How long a tunnel that has got a Close frame from the proxy may take to end before it is cut; 0 for no time. Not for `drain`, which has its `deadline`. Defaults to 3000. */
  closeGrace?: number
  /** How long one direction may stay open without traffic after the other has ended. Defaults to 30000. */
  halfCloseTimeout?: number
  /** Idle time of a TCP connection before keep-alive probes, on both sides. Defaults to 60000. */
  keepAlive?: number
  /** The most tunnels at a time, handshakes under way included; beyond it an upgrade waits as `admission` says, or gets 503 with Retry-After. 0 for no limit. Defaults to 0. */
  maxTunnels?: number
  /** The most tunnels of one user, address or whatever `key` names; beyond it an upgrade gets 429 with Retry-After. Defaults to no limit. */
  maxTunnelsPer?: MaxTunnelsPer
  /** How many handshakes may be under way, and how long others wait for a place. Defaults to any number, so that none waits. */
  admission?: AdmissionOptions
  /** The value of Retry-After in a 503 or 429, in seconds. Defaults to 5. */
  retryAfter?: number
  /** How tunnels are ended when the server closes. */
  drain?: DrainOptions
}

/** The compiled tunnel options. */
export interface TunnelSettings extends FrameSettings {
  readonly idle: Required<TimedGoodbye>
  readonly age: Required<TimedGoodbye>
  readonly until: UntilSettings
  readonly key: KeyOf | null
  readonly closeGrace: number
  readonly halfCloseTimeout: number
  readonly keepAlive: number
  readonly maxTunnels: number
  readonly admission: AdmissionSettings
  readonly retryAfter: number
  /** Whether the upstream's first bytes wait until a client in this process has seen that its WebSocket is open. */
  readonly settles: boolean
  readonly drain: DrainSettings
}

const TIMES = ['closeGrace', 'halfCloseTimeout', 'keepAlive'] as const
const NUMBERS = ['maxTunnels', 'retryAfter'] as const

/** Compiles the tunnel options; their mistakes are added to `mistakes`. */
export function compileTunnel (options: TunnelOptions, mistakes: string[]): TunnelSettings {
  checkKeys('websocket', options, ['idleTimeout', 'maxAge', 'until', 'key', ...TIMES, ...NUMBERS, ...FRAME_KEYS, 'maxTunnelsPer', 'admission', 'drain'], mistakes)
  for (const key of TIMES) check(`websocket.${key}`, options[key])
  // Whole numbers: one is sent in a header, the other is compared with a count.
  for (const key of NUMBERS) {
    const value: unknown = options[key]
    if (value !== undefined && !(Number.isSafeInteger(value) && value as number >= 0)) mistakes.push(`\`websocket.${key}\` must be a whole number, 0 or more`)
  }
  const key: unknown = options.key
  if (key !== undefined && typeof key !== 'function') mistakes.push('`websocket.key` must be a function')
  return {
    idle: compileTimed('websocket.idleTimeout', options.idleTimeout, mistakes),
    age: compileTimed('websocket.maxAge', options.maxAge, mistakes),
    until: compileUntil('websocket.until', options.until, mistakes),
    key: options.key ?? null,
    closeGrace: options.closeGrace ?? 3000,
    halfCloseTimeout: options.halfCloseTimeout ?? 30_000,
    keepAlive: options.keepAlive ?? 60_000,
    maxTunnels: options.maxTunnels ?? 0,
    admission: compileAdmission(options.admission, options.maxTunnelsPer, mistakes),
    retryAfter: options.retryAfter ?? 5,
    settles: false,
    ...compileFrames(options, mistakes),
    drain: compileDrain(options.drain, mistakes)
  }

  function check (name: string, value: unknown): void {
    if (value !== undefined && !isTime(value)) mistakes.push(`\`${name}\` must be a number from 0 to ${MAX_TIME}`)
  }
}
