// What can go wrong, by stable code? One row each in the README.

import { createError } from '@fastify/error'

/** The options hold mistakes: all of them are in the message. */
export const InvalidOptionsError = createError('FST_ARR_URL_REWRITE_INVALID_OPTIONS', 'url-rewrite: %s', 500)

/** The request's values don't make a URL where a rule uses them. */
export const BadTargetError = createError('FST_ARR_URL_REWRITE_BAD_TARGET', 'Bad Request', 400)

/** A rule rewrites to an absolute URL, and no proxy is registered to forward the request. */
export const NoProxyError = createError('FST_ARR_URL_REWRITE_NO_PROXY', '%s rewrites to an absolute URL, and no proxy is registered that would go there: register @fastify-arr/upstream-proxy (IIS answers 404 in this case)', 500)

/** A body that outbound rules read can't be decoded, or a rule failed on it; the cause is only logged. */
export const BodyError = createError('FST_ARR_URL_REWRITE_BODY', 'Internal Server Error', 500)
