// What stands in cs-uri-query: the query as it was sent, ARR's words after it, and what must not be told?
import type { Exchange } from './exchange.ts'

/** ARR's names for its words (`logCacheHitName`, `logGuidName`). */
const CACHE_HIT = 'X-ARR-CACHE-HIT'
const LOG_ID = 'X-ARR-LOG-ID'

/**
 * The query of one exchange, with what ARR appends where the request was proxied:
 * `[query&]X-ARR-CACHE-HIT=0[&SERVER-ROUTED=…]&X-ARR-LOG-ID=<guid>[&SERVER-STATUS=<status>]`.
 * An upstream that never answered has no SERVER-STATUS.
 */
export function queryWithArr (exchange: Exchange): string | null {
  const { query, upstream } = exchange
  if (upstream === undefined) return query
  let words = `${CACHE_HIT}=${upstream.cacheHit ? 1 : 0}`
  if (upstream.routed !== null) words += `&SERVER-ROUTED=${upstream.routed}`
  words += `&${LOG_ID}=${upstream.logId ?? '-'}`
  if (upstream.status !== null) words += `&SERVER-STATUS=${upstream.status}`
  return query === null ? words : `${query}&${words}`
}

/** Replaces the values of parameters that must not be logged. */
export type Redact = (query: string) => string

/** Compiles the names of secret query parameters; without any the query is left as it is. */
export function compileRedact (names: readonly string[]): Redact {
  if (names.length === 0) return query => query
  const secret = new Set(names.map(name => name.toLowerCase()))
  return query => query.split('&').map(pair => {
    const equals = pair.indexOf('=')
    if (equals === -1) return pair
    return secret.has(plainName(pair.slice(0, equals))) ? `${pair.slice(0, equals)}=***` : pair
  }).join('&')
}

/** Masks the secret parameters of a whole URL. */
export function redactUrl (url: string, redact: Redact): string {
  const mark = url.indexOf('?')
  return mark === -1 ? url : url.slice(0, mark + 1) + redact(url.slice(mark + 1))
}

function plainName (name: string): string {
  try {
    return decodeURIComponent(name.replaceAll('+', ' ')).toLowerCase()
  } catch {
    return name.toLowerCase()
  }
}
