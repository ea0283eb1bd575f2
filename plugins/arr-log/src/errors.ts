// What can be wrong with how this package is used?
import { createError } from '@fastify/error'

/** The plugin's or the transport's options have mistakes; the message lists them all. */
export const InvalidOptions = createError('FST_ARR_LOG_INVALID_OPTIONS', 'arr-log: %s', 500)
