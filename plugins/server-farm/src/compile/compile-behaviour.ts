// When is another server tried, how are tunnels ended, and when are they moved?
import { isObject, Reading } from './reading.ts'
import type { GoodbyeSettings, RebalanceSettings, RetrySettings } from './settings.ts'

const MAX_REASON = 123 // bytes, RFC 6455 §5.5

export function compileRetry (farm: Reading): RetrySettings | null {
  const read = farm.object('retry', ['attempts', 'on', 'budget'], true)
  if (read === null && farm.get('retry') === false) return null
  const on: unknown = read?.get('on') ?? ['connect', 'reset']
  const words: unknown[] = Array.isArray(on) ? on : []
  const statuses = words.filter((word): word is number => typeof word === 'number')
  const isRight = statuses.every(status => Number.isInteger(status) && status >= 500 && status <= 599) &&
    words.every(word => typeof word === 'number' || word === 'connect' || word === 'reset' || word === 'timeout')
  if (!Array.isArray(on) || !isRight) read?.wrong('on', 'a list of connect, reset, timeout and statuses from 500 to 599')
  return {
    attempts: read?.whole('attempts', 2) ?? 2,
    connect: words.includes('connect'),
    reset: words.includes('reset'),
    timeout: words.includes('timeout'),
    statuses: new Set(statuses),
    budget: read?.number('budget', 0.2) ?? 0.2
  }
}

export function compileGoodbye (farm: Reading): GoodbyeSettings {
  return readGoodbye(farm.object('goodbye', GOODBYE), { code: 1012, reason: '', window: 10_000, deadline: 60_000 })
}

/** What a call says of a goodbye; what it leaves out is the farm's. */
export function goodbyeOf (options: unknown, normal: GoodbyeSettings, mistakes: string[]): GoodbyeSettings {
  if (options === undefined) return normal
  if (isObject(options)) return readGoodbye(new Reading(options, 'goodbye', GOODBYE, mistakes), normal)
  mistakes.push('`goodbye` must be an object')
  return normal
}

const GOODBYE = ['code', 'reason', 'window', 'deadline']

function readGoodbye (read: Reading | null, normal: GoodbyeSettings): GoodbyeSettings {
  if (read === null) return normal
  const { code = normal.code, reason = normal.reason } = { code: read.get('code'), reason: read.get('reason') }
  if (!isSendable(code)) read.wrong('code', 'a Close code that an endpoint may send: 1000 to 1003, 1007 to 1014, or 3000 to 4999')
  if (typeof reason !== 'string' || Buffer.byteLength(reason) > MAX_REASON) read.wrong('reason', `a text of at most ${MAX_REASON} bytes`)
  return { code: code as number, reason: reason as string, window: read.time('window', normal.window), deadline: read.time('deadline', normal.deadline) }
}

/** RFC 6455 §7.4, and the registry of Close codes at IANA. */
function isSendable (code: unknown): boolean {
  if (!Number.isInteger(code)) return false
  const is = code as number
  return (is >= 1000 && is <= 1003) || (is >= 1007 && is <= 1014) || (is >= 3000 && is <= 4999)
}

/** `bound` is the option that brings a client back to the server that it came from: then moving it moves nothing. */
export function compileRebalance (farm: Reading, bound: string | null): RebalanceSettings | null {
  const read = farm.object('rebalance', REBALANCE, true)
  if (read === null) return null
  if (bound !== null) farm.mistakes.push(`\`${farm.at('rebalance')}\` must be false: \`${farm.at(bound)}\` brings the clients back to the same servers`)
  return readRebalance(read, { threshold: 0.2, after: 60_000, perSecond: 5 })
}

/** What a call says of a rebalancing; what it leaves out is the default, but it begins at once and goes on until all is even. */
export function rebalanceOf (options: unknown, mistakes: string[]): RebalanceSettings {
  const normal = { threshold: 0, after: 0, perSecond: 5 }
  if (options === undefined) return normal
  if (isObject(options)) return readRebalance(new Reading(options, '', REBALANCE, mistakes), normal)
  mistakes.push('`rebalance` must be an object')
  return normal
}

const REBALANCE = ['threshold', 'after', 'perSecond']

function readRebalance (read: Reading, normal: RebalanceSettings): RebalanceSettings {
  return { threshold: read.number('threshold', normal.threshold), after: read.time('after', normal.after), perSecond: read.whole('perSecond', normal.perSecond, 1) }
}
