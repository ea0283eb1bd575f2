// What can go wrong here? Every error of the package, with its stable code.
import { createError } from '@fastify/error'

/** The options hold mistakes; the message lists all of them. */
export const InvalidOptionsError = createError<[string]>('FST_ARR_MONITOR_INVALID_OPTIONS', 'monitor: %s', 500, TypeError)
/** The page's own listener can't listen; `cause` is the system's error. */
export const ListenError = createError<[string, ErrorOptions]>('FST_ARR_MONITOR_LISTEN_FAILED', 'monitor: %s', 500)
/** The request comes from where none may come from: its Host, its Origin, its place in the browser, or `authorize` says so. */
export const RefusedError = createError<[string]>('FST_ARR_MONITOR_REFUSED', '%s', 403)
/** The request has no token, or another one. */
export const UnauthorizedError = createError<[string]>('FST_ARR_MONITOR_UNAUTHORIZED', '%s', 401)
/** A client has tried too many tokens. */
export const TooManyTriesError = createError('FST_ARR_MONITOR_TOO_MANY_TRIES', 'Too many wrong tokens came from this address. Try again in a few seconds.', 429)
/** As many streams are open as may be. */
export const TooManyStreamsError = createError('FST_ARR_MONITOR_TOO_MANY_STREAMS', 'As many pages are open as may be.', 503)
/** A question or an action holds mistakes; the message lists all of them. */
export const InvalidQuestionError = createError<[string]>('FST_ARR_MONITOR_INVALID_QUESTION', '%s', 400)
/** There is nothing at this path, or nothing with this name. */
export const NotFoundError = createError<[string]>('FST_ARR_MONITOR_NOT_FOUND', '%s', 404)
/** The option `actions` is not true. */
export const ActionsOffError = createError('FST_ARR_MONITOR_ACTIONS_OFF', 'The option `actions` of the monitor is not true: from here nothing can be changed.', 403)
