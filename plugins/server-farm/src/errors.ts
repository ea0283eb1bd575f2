// What can go wrong here? Every error of the package, with its stable code.
import { createError } from '@fastify/error'

/** The options hold mistakes; the message lists all of them. */
export const InvalidOptionsError = createError<[string]>('FST_ARR_FARM_INVALID_OPTIONS', 'server-farm: %s', 500, TypeError)
/** There is no farm, or no server, with this name. */
export const UnknownError = createError<[string]>('FST_ARR_FARM_UNKNOWN', 'server-farm: there is no %s', 500, TypeError)
