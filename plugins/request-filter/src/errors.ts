// What can go wrong here? Every error of the package, with its stable code.
import { createError } from '@fastify/error'

/** The options hold mistakes; the message lists all of them. */
export const InvalidOptionsError = createError<[string]>('FST_ARR_FILTER_INVALID_OPTIONS', 'request-filter: %s', 500, TypeError)

/** The answer to a refused request. The message names nothing of the configuration; the status is that of the refusal. */
export const RefusedError = createError('FST_ARR_FILTER_REFUSED', 'This request is not allowed', 403)
