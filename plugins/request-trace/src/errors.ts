// What can go wrong here? Every error of the package, with its stable code.
import { createError } from '@fastify/error'

/** The options hold mistakes; the message lists all of them. */
export const InvalidOptionsError = createError<[string]>('FST_ARR_TRACE_INVALID_OPTIONS', 'request-trace: %s', 500, TypeError)

/** A file that is to be read is no trace, or is damaged. */
export const InvalidTraceError = createError<[string]>('FST_ARR_TRACE_INVALID_FILE', 'request-trace: no trace: %s', 500)
