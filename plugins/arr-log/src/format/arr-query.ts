// What does cs-uri-query hold? The query as it was sent, and after it the parameters that ARR appends.
import type { Exchange } from '../exchange/exchange.ts'

/** ARR's parameter names (`logCacheHitName`, `logGuidName`). */
const CACHE_HIT = 'X-ARR-CACHE-HIT'
const LOG_ID = 'X-ARR-LOG-ID'

/**
 * The query of one exchange, with what ARR appends where the request was proxied:
 * `[query&]X-ARR-CACHE-HIT=0[&SERVER-ROUTED=…]&X-ARR-LOG-ID=<guid>[&SERVER-STATUS=<status>]`.
 * SERVER-STATUS is left out for an upstream that never answered.
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
