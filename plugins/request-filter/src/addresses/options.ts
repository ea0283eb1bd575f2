// What may be written in `ipSecurity` and `dynamicIpSecurity`? IIS's names, and IIS's defaults where IIS has the option.
import { unknownOptions } from '../known-options.ts'

/** What a refused client gets: 401, 403, 404, or a connection that is cut without an answer. */
export type DenyAction = 'AbortRequest' | 'Unauthorized' | 'Forbidden' | 'NotFound'

/** One address or network of `<ipSecurity>`. */
export interface AddressEntry {
  /** An IPv4 or IPv6 address, or a network with its prefix: `192.0.2.1`, `10.0.0.0/8`, `fd00::/8`. No default. */
  readonly ipAddress: string
  /** The mask of the network, `255.0.0.0`, or the length of its prefix, `8`. Defaults to that of one address. */
  readonly subnetMask?: string
  /** Whether its clients are let in. Defaults to false. */
  readonly allowed?: boolean
}

/** `<ipSecurity>`. */
export interface IpSecurityOptions {
  /** Whether addresses that no entry holds are let in. Defaults to true. */
  readonly allowUnlisted?: boolean
  /** The first entry that holds an address decides. Defaults to none. */
  readonly addresses?: readonly AddressEntry[]
  /** Defaults to `Forbidden` (403.6). */
  readonly denyAction?: DenyAction
}

/** `<dynamicIpSecurity>`: how much one client may ask. A client is an IPv4 address or an IPv6 /64. */
export interface DynamicIpSecurityOptions {
  /** How many requests of one client may be open at a time; the next is 403.501. Defaults to no limit. */
  readonly denyByConcurrentRequests?: { readonly maxConcurrentRequests: number }
  /** How many requests of one client may come in an interval (ms); the next is 403.502. Defaults to no limit. */
  readonly denyByRequestRate?: { readonly maxRequests: number, readonly requestIntervalInMilliseconds: number }
  /** Defaults to `Forbidden`. */
  readonly denyAction?: DenyAction
  /** Whether a request over a limit is only written to Fastify's log. Defaults to false. */
  readonly enableLoggingOnlyMode?: boolean
  /** Whether an open WebSocket is an open request. Its handshake always is. Defaults to false. */
  readonly countWebSockets?: boolean
}

type Checks = Readonly<Record<string, (value: unknown, at: string, mistakes: string[]) => void>>

const DENY_ACTIONS: readonly string[] = ['AbortRequest', 'Unauthorized', 'Forbidden', 'NotFound']

const bool: Checks[string] = (value, at, mistakes) => {
  if (typeof value !== 'boolean') mistakes.push(`\`${at}\` must be true or false`)
}
const text: Checks[string] = (value, at, mistakes) => {
  if (typeof value !== 'string') mistakes.push(`\`${at}\` must be a string`)
}
const count: Checks[string] = (value, at, mistakes) => {
  if (!Number.isSafeInteger(value) || (value as number) < 1) mistakes.push(`\`${at}\` must be a whole number of at least 1`)
}
const denyAction: Checks[string] = (value, at, mistakes) => {
  if (!DENY_ACTIONS.includes(value as string)) mistakes.push(`\`${at}\` must be one of ${DENY_ACTIONS.join(', ')}`)
}

/** Checks an object's keys and values; false where it is no object, or one of `needed` is missing. */
function check (value: unknown, at: string, mistakes: string[], checks: Checks, needed: readonly string[] = []): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    mistakes.push(`\`${at}\` must be an object`)
    return false
  }
  const before = mistakes.length
  mistakes.push(...unknownOptions(value, Object.keys(checks)).map(sentence => `\`${at}\`: ${sentence}`))
  for (const [key, one] of Object.entries(checks)) {
    const given: unknown = (value as Record<string, unknown>)[key]
    if (given !== undefined || needed.includes(key)) one(given, `${at}.${key}`, mistakes)
  }
  return mistakes.length === before
}

/** True where the value is right; otherwise each mistake is added to `mistakes`. */
export function isIpSecurity (value: unknown, at: string, mistakes: string[]): value is IpSecurityOptions {
  return check(value, at, mistakes, {
    allowUnlisted: bool,
    addresses: (list, at, mistakes) => {
      if (!Array.isArray(list)) mistakes.push(`\`${at}\` must be a list`)
      else list.forEach((entry, index) => check(entry, `${at}[${index}]`, mistakes, { ipAddress: text, subnetMask: text, allowed: bool }, ['ipAddress']))
    },
    denyAction
  })
}

/** True where the value is right; otherwise each mistake is added to `mistakes`. */
export function isDynamicIpSecurity (value: unknown, at: string, mistakes: string[]): value is DynamicIpSecurityOptions {
  return check(value, at, mistakes, {
    denyByConcurrentRequests: (value, at, mistakes) => check(value, at, mistakes, { maxConcurrentRequests: count }, ['maxConcurrentRequests']),
    denyByRequestRate: (value, at, mistakes) => check(value, at, mistakes, { maxRequests: count, requestIntervalInMilliseconds: count }, ['maxRequests', 'requestIntervalInMilliseconds']),
    denyAction,
    enableLoggingOnlyMode: bool,
    countWebSockets: bool
  })
}
