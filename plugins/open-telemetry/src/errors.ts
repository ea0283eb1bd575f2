// What can go wrong here? Every error of the package, with its stable code.
import { createError } from '@fastify/error'

/** The options hold mistakes; the message lists all of them. */
export const InvalidOptionsError = createError<[string]>('FST_ARR_OPEN_TELEMETRY_INVALID_OPTIONS', 'open-telemetry: %s', 500, TypeError)
