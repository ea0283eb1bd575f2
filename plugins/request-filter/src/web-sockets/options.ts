// What may be written in `origins` and `webSocketsPerClient`?
import { unknownOptions } from '../known-options.ts'

/** Which pages may open WebSockets. */
export type OriginsOption = 'same' | readonly string[] | OriginsOptions

/** Which pages may open WebSockets, and whether programs may. */
export interface OriginsOptions {
  /**
   * `'same'`: pages of the host and port that the handshake asks. In a list also origins (`https://app.example.com`), hosts with any of
   * http and https (`app.example.com`), both with a wildcard for one label or more (`https://*.example.com`), and `'null'`. No default.
   */
  readonly allow: 'same' | readonly string[]
  /** What becomes of a handshake without Origin: programs send none, browsers always do. Defaults to `'allow'`. */
  readonly missing?: 'allow' | 'refuse'
}

/** How many WebSockets one client may have. A client is an IPv4 address or an IPv6 /64. */
export interface WebSocketsPerClientOptions {
  /** How many may be open at a time, handshakes included; the next is 429. Defaults to no limit. */
  readonly most?: number
  /** How many handshakes may come at once, and within how many ms as many come again; the next is 429 with Retry-After. Defaults to no limit. */
  readonly handshakes?: { readonly most: number, readonly per: number }
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 1

/** The option in its long form; null where it is a mistake, which is added to `mistakes`. What the entries say is not checked. */
export function readOrigins (value: unknown, at: string, mistakes: string[]): { readonly allow: readonly string[], readonly missing: 'allow' | 'refuse', readonly at: string } | null {
  const given: Record<string, unknown> = isRecord(value) ? value : { allow: value }
  const where = isRecord(value) ? `${at}.allow` : at
  mistakes.push(...unknownOptions(given, ['allow', 'missing']).map(sentence => `\`${at}\`: ${sentence}`))
  const { allow, missing = 'allow' } = given
  const isMissing = missing === 'allow' || missing === 'refuse'
  if (!isMissing) mistakes.push(`\`${at}.missing\` must be 'allow' or 'refuse'`)
  const list: unknown = allow === 'same' ? ['same'] : allow
  if (!Array.isArray(list) || !list.every((entry): entry is string => typeof entry === 'string')) {
    mistakes.push(`\`${where}\` must be 'same' or a list of origins and hosts`)
    return null
  }
  return isMissing ? { allow: list, missing, at: where } : null
}

/** True where the value is right; otherwise each mistake is added to `mistakes`. */
export function isWebSocketsPerClient (value: unknown, at: string, mistakes: string[]): value is WebSocketsPerClientOptions {
  const before = mistakes.length
  if (!isRecord(value)) {
    mistakes.push(`\`${at}\` must be an object`)
    return false
  }
  mistakes.push(...unknownOptions(value, ['most', 'handshakes']).map(sentence => `\`${at}\`: ${sentence}`))
  const { most, handshakes } = value
  if (most !== undefined && !isCount(most)) mistakes.push(`\`${at}.most\` must be a whole number of at least 1`)
  if (handshakes === undefined) return mistakes.length === before
  if (isRecord(handshakes)) {
    mistakes.push(...unknownOptions(handshakes, ['most', 'per']).map(sentence => `\`${at}.handshakes\`: ${sentence}`))
    if (!isCount(handshakes.most)) mistakes.push(`\`${at}.handshakes.most\` must be a whole number of at least 1`)
    if (!isCount(handshakes.per)) mistakes.push(`\`${at}.handshakes.per\` must be a whole number of ms, at least 1`)
  } else mistakes.push(`\`${at}.handshakes\` must be an object`)
  return mistakes.length === before
}
