// What can go wrong here? Every error of the package, with its stable code.
import { createError } from '@fastify/error'

/** The options hold mistakes; the message lists all of them. */
export const InvalidOptionsError = createError<[string]>('FST_ARR_WORKERS_INVALID_OPTIONS', 'workers: %s', 500, TypeError)

/** A process supervises once, and a worker never does. */
export const NoSupervisorError = createError<[string]>('FST_ARR_WORKERS_NO_SUPERVISOR', 'workers: %s', 500, Error)

/** A question could not be asked, or something not be told. */
export const UnaskableError = createError<[string]>('FST_ARR_WORKERS_UNASKABLE', 'workers: %s', 503, Error)
