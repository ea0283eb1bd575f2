// What can go wrong here? Every error of the package, with its stable code.

import { createError } from '@fastify/error'

/** The options, or the sites given to `fastify.sites.replace`, hold mistakes; the message lists all of them. */
export const InvalidOptionsError = createError<[string]>('FST_ARR_HOST_ROUTING_INVALID_OPTIONS', 'host-routing: %s', 500, TypeError)
