// Which errors does the package throw?
import { createError } from '@fastify/error'

/** Invalid options of the plugin or the transport; the message lists all mistakes. */
export const InvalidOptions = createError('FST_ARR_LOG_INVALID_OPTIONS', 'arr-log: %s', 500)
