// How many further attempts did an exchange make, after one that came to nothing?
import type { Told, Upstream } from '@fastify-arr/facts'

/** A farm had no server for another attempt. */
const NOBODY: ReadonlySet<string | undefined> = new Set(['FST_ARR_UPSTREAM_NO_SERVER', 'FST_ARR_UPSTREAM_BUSY', 'FST_ARR_UPSTREAM_LOST'])

export function retriesOf ({ attempts, error, status }: Told<Upstream>): number {
  const failed = attempts?.length ?? 0
  if (failed === 0) return 0
  // The last attempt may be one of those that failed, or the one after them.
  const wasLast = error !== null && error !== undefined && (status ?? null) === null && (error.code === attempts?.[failed - 1]?.code || NOBODY.has(error.code))
  return wasLast ? failed - 1 : failed
}
