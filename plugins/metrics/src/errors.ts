// What can go wrong here? Every error of the package, with its stable code.
import { createError } from '@fastify/error'

/** The options hold mistakes; the message lists all of them. */
export const InvalidOptionsError = createError<[string]>('FST_ARR_METRICS_INVALID_OPTIONS', 'metrics: %s', 500, TypeError)

/** Not all workers have answered: sums without theirs would fall, which Prometheus takes for a restart. The next scrape asks again. */
export const IncompleteError = createError<[]>('FST_ARR_METRICS_INCOMPLETE', 'metrics: not all workers have answered', 503)
