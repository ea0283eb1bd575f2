// Which facts does the log read, and which parts of them may be missing?
import type { RequestFacts, Told, Upstream } from '@fastify-arr/facts'

/** `request.upstream` as the log reads it. */
export type ToldUpstream = Told<Upstream> & {
  /** For `X-ARR-CACHE-HIT`. Not in @fastify-arr/facts: upstream-proxy has no cache and never writes it; a plugin with a cache may. */
  readonly cacheHit?: boolean
}

/** The facts on a request. None of their writers needs to be registered, or installed; a missing part is logged as `-`. */
export interface Facts extends Omit<Told<RequestFacts>, 'upstream'> {
  readonly upstream?: ToldUpstream | null
}
