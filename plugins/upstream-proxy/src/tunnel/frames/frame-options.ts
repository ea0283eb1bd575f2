// What may be configured about the frames of a tunnel, pings and limits, and what does it compile to?
import { checkKeys } from '../../options/known-keys.ts'
import { isTime, MAX_TIME } from '../../options/time-limit.ts'
import type { FrameLimits, Rate, WayLimits } from './limits.ts'

/** Both directions of a WebSocket. */
export interface BothWays {
  /** What the client sends. Defaults to no limit. */
  received?: number
  /** What the upstream sends. Defaults to no limit. */
  sent?: number
}

/** A rate a second for each direction; 0 for no limit. */
export interface RateOptions extends BothWays {
  /** How many may pass at once after a pause. Defaults to those of one second, at least 1. */
  burst?: number
  /** What happens to more: `close` ends the tunnel with 1008 on both sides, `hold` lets them wait. */
  over?: 'close' | 'hold'
}

/** When the proxy itself pings. Times are in ms. */
export interface PingOptions {
  /** How long a side may be silent before it is pinged, to the second; 0 for no pings. */
  interval: number
  /** Ends the tunnel with 1011 where nothing comes from that side for this time after a ping. Defaults to 0: never. */
  timeout?: number
  /** The sides that are pinged. Defaults to `client`. */
  to?: 'client' | 'upstream' | 'both'
}

/** Options about the frames of a WebSocket (RFC 6455 §5). */
export interface FrameOptions {
  /** Pings a silent side, so that no device between closes a quiet connection; a number is the interval in ms. Defaults to 0: no pings. */
  ping?: number | PingOptions
  /**
   * The largest message in bytes, as they are on the wire: compressed where the message is, and over all its fragments. A larger one ends the
   * tunnel with 1009 on both sides (RFC 6455 §7.4.1), before it has passed. A number holds for both directions, 0 is no limit. Defaults to 0.
   */
  maxMessageSize?: number | BothWays
  /** The most messages a second, pings and pongs among them. A number holds for both directions, 0 is no limit. `over` defaults to `close`. Defaults to 0. */
  maxMessageRate?: number | RateOptions
  /** The most bytes a second. A number holds for both directions, 0 is no limit. `over` defaults to `hold`. Defaults to 0. */
  maxByteRate?: number | RateOptions
}

/** When the proxy pings. */
export interface PingSettings {
  readonly interval: number
  readonly timeout: number
  readonly toClient: boolean
  readonly toUpstream: boolean
}

/** The compiled options. */
export interface FrameSettings {
  /** Null for no pings. */
  readonly ping: PingSettings | null
  readonly frames: FrameLimits
}

/** The names of the options here. */
export const FRAME_KEYS = ['ping', 'maxMessageSize', 'maxMessageRate', 'maxByteRate'] as const

const WAYS = ['received', 'sent'] as const
const SIDES = ['client', 'upstream', 'both']

/** Compiles the options about frames; their mistakes are added to `mistakes`. */
export function compileFrames (options: FrameOptions, mistakes: string[]): FrameSettings {
  const sizes = compileSizes(options.maxMessageSize, mistakes)
  const messages = compileRates('maxMessageRate', options.maxMessageRate, 'close', mistakes)
  const bytes = compileRates('maxByteRate', options.maxByteRate, 'hold', mistakes)
  return {
    ping: compilePing(options.ping, mistakes),
    frames: { received: limitsOf('received'), sent: limitsOf('sent') }
  }

  function limitsOf (way: 'received' | 'sent'): WayLimits | null {
    const limits = { maxSize: sizes[way] ?? 0, messages: messages[way], bytes: bytes[way] }
    return limits.maxSize > 0 || limits.messages !== null || limits.bytes !== null ? limits : null
  }
}

function compilePing (value: number | PingOptions = 0, mistakes: string[]): PingSettings | null {
  if (typeof value !== 'object' || value === null) {
    if (!isTime(value)) mistakes.push(`\`websocket.ping\` must be a number from 0 to ${MAX_TIME}, or an object`)
    return compilePing({ interval: isTime(value) ? value : 0 }, mistakes)
  }
  checkKeys('websocket.ping', value, ['interval', 'timeout', 'to'], mistakes)
  const { interval, timeout = 0, to = 'client' } = value
  for (const [key, time] of Object.entries({ interval, timeout })) {
    if (!isTime(time)) mistakes.push(`\`websocket.ping.${key}\` must be a number from 0 to ${MAX_TIME}`)
  }
  if (!SIDES.includes(to)) mistakes.push('`websocket.ping.to` must be client, upstream or both')
  return interval > 0 ? { interval, timeout, toClient: to !== 'upstream', toUpstream: to !== 'client' } : null
}

function compileSizes (value: number | BothWays = 0, mistakes: string[]): BothWays {
  if (typeof value !== 'object' || value === null) {
    if (!isSize(value)) mistakes.push('`websocket.maxMessageSize` must be a whole number, 0 or more, or an object')
    return { received: value, sent: value }
  }
  checkKeys('websocket.maxMessageSize', value, WAYS, mistakes)
  for (const way of WAYS) {
    if (value[way] !== undefined && !isSize(value[way])) mistakes.push(`\`websocket.maxMessageSize.${way}\` must be a whole number, 0 or more`)
  }
  return value
}

function compileRates (name: string, value: number | RateOptions = 0, usual: 'close' | 'hold', mistakes: string[]): { received: Rate | null, sent: Rate | null } {
  if (typeof value !== 'object' || value === null) {
    if (!isRate(value)) mistakes.push(`\`websocket.${name}\` must be a number, 0 or more, or an object`)
    return compileRates(name, { received: isRate(value) ? value : 0, sent: isRate(value) ? value : 0 }, usual, mistakes)
  }
  checkKeys(`websocket.${name}`, value, [...WAYS, 'burst', 'over'], mistakes)
  const { received = 0, sent = 0, burst, over = usual } = value
  for (const [way, rate] of Object.entries({ received, sent })) {
    if (!isRate(rate)) mistakes.push(`\`websocket.${name}.${way}\` must be a number, 0 or more`)
  }
  if (burst !== undefined && !(isRate(burst) && burst >= 1)) mistakes.push(`\`websocket.${name}.burst\` must be a number, 1 or more`)
  if (over !== 'close' && over !== 'hold') mistakes.push(`\`websocket.${name}.over\` must be close or hold`)
  return { received: rateOf(received), sent: rateOf(sent) }

  function rateOf (rate: number): Rate | null {
    return rate > 0 ? { rate, burst: burst ?? Math.max(1, rate), over } : null
  }
}

function isSize (value: unknown): boolean {
  return Number.isSafeInteger(value) && value as number >= 0
}

function isRate (value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= Number.MAX_SAFE_INTEGER
}
