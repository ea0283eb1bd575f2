// What can go wrong between the proxy and an upstream, and what is the client told?
import type { Moment, Side, UpstreamError } from '@fastify-arr/facts'
import { createError } from '@fastify/error'
import type { FastifyError } from 'fastify'

export const InvalidOptions = createError('FST_ARR_PROXY_INVALID_OPTIONS', 'upstream-proxy: %s', 500)

/** Thrown where the router cannot put a route ahead of a proxy's. */
export const RouteOrder = createError('FST_ARR_PROXY_ROUTE_ORDER', 'upstream-proxy: a route at the path of a proxy cannot be declared after it, because of the constraints of the routes there. Register its plugin before the proxies', 500)

/** Thrown by `close` of an open tunnel. */
export const InvalidClose = createError('FST_ARR_PROXY_INVALID_CLOSE', '%s is no close code that may be sent', 500, RangeError)

/** Thrown by `fastify.tunnels.of` and `closeAll`. */
export const InvalidFilter = createError('FST_ARR_PROXY_INVALID_FILTER', 'A filter of tunnels %s', 500, TypeError)

/** Thrown by `fastify.tunnels.adopt`. */
export const InvalidRecord = createError('FST_ARR_PROXY_INVALID_RECORD', 'The record of a tunnel %s', 500, TypeError)

/** Clients see only these messages: they contain no address, no path and no system error. */
export const ERRORS = {
  BadHandshake: createError('FST_ARR_PROXY_BAD_HANDSHAKE', 'This is not a valid WebSocket handshake', 400),
  BadTarget: createError('FST_ARR_PROXY_BAD_TARGET', 'The request target is not valid', 400),
  BadRoute: createError('FST_ARR_PROXY_BAD_ROUTE', 'The request could not be routed', 500),
  BodyTaken: createError('FST_ARR_PROXY_BODY_TAKEN', 'The request could not be passed on', 500),
  BadLimit: createError('FST_ARR_PROXY_BAD_LIMIT', 'The request could not be passed on', 500),
  BodyTooLarge: createError('FST_ARR_PROXY_BODY_TOO_LARGE', 'The request body is too large', 413),
  MethodNotAllowed: createError('FST_ARR_PROXY_METHOD_NOT_ALLOWED', 'This method is not allowed', 405),
  NoUpstream: createError('FST_ARR_PROXY_NO_UPSTREAM', 'Not Found', 404),
  Refused: createError('FST_ARR_UPSTREAM_REFUSED', 'The upstream server could not be reached', 502),
  NotResolved: createError('FST_ARR_UPSTREAM_NOT_RESOLVED', 'The upstream server could not be found', 502),
  Tls: createError('FST_ARR_UPSTREAM_TLS', 'No secure connection to the upstream server could be made', 502),
  Reset: createError('FST_ARR_UPSTREAM_RESET', 'The upstream server closed the connection', 502),
  BadAnswer: createError('FST_ARR_UPSTREAM_BAD_ANSWER', 'The upstream server gave an invalid answer', 502),
  ConnectTimeout: createError('FST_ARR_UPSTREAM_CONNECT_TIMEOUT', 'The upstream server did not accept the connection in time', 504),
  Timeout: createError('FST_ARR_UPSTREAM_TIMEOUT', 'The upstream server did not answer in time', 504),
  TooMany: createError('FST_ARR_PROXY_TOO_MANY', 'Too many connections are open at the moment', 503),
  NoLocalPort: createError('FST_ARR_PROXY_NO_LOCAL_PORT', 'No connection to the upstream server can be opened at the moment', 503),
  Expired: createError('FST_ARR_PROXY_EXPIRED', 'The authorization has expired', 401),
  Closed: createError('FST_ARR_PROXY_CLOSED', 'The connection was closed', 403),
  TooManyOfKey: createError('FST_ARR_PROXY_TOO_MANY_OF_CLIENT', 'This client has too many connections open at the moment', 429),
  NoServer: createError('FST_ARR_UPSTREAM_NO_SERVER', 'No upstream server is available at the moment', 503),
  Busy: createError('FST_ARR_UPSTREAM_BUSY', 'The upstream servers are busy at the moment', 503),
  Lost: createError('FST_ARR_UPSTREAM_LOST', 'The upstream server of this client is not available', 503),
  /** No client gets it: an answer is either passed on, or dropped because another server is asked. */
  Status: createError('FST_ARR_UPSTREAM_STATUS', 'The upstream server answered with an error', 502),
  Draining: createError('FST_ARR_PROXY_DRAINING', 'The server is shutting down', 503),
  ClientTimeout: createError('FST_ARR_CLIENT_TIMEOUT', 'The client took too long', 408),
  RewriteFailed: createError('FST_ARR_PROXY_REWRITE_FAILED', 'The answer could not be rewritten', 500),
  ClientGone: createError('FST_ARR_CLIENT_GONE', 'The client closed the connection', 499)
} as const

export type ErrorName = keyof typeof ERRORS

const CODES = new Map<ErrorName, string>(Object.entries(ERRORS).map(([name, Ours]) => [name as ErrorName, new Ours().code]))
const NAMES: ReadonlyMap<unknown, ErrorName> = new Map([...CODES].map(([name, code]) => [code, name]))

/** The stable code of an error. */
export function codeOf (name: ErrorName): string {
  return CODES.get(name) as string
}

/** Which of these errors it is; null for any other. */
export function ourNameOf (error: unknown): ErrorName | null {
  return isOurs(error) ? NAMES.get(error.code) as ErrorName : null
}

/** True for one of these errors, whichever copy of the package threw it. */
export function isOurs (error: unknown): error is FastifyError {
  return error instanceof Error && NAMES.has((error as { code?: unknown }).code)
}

const BY_SYSTEM_CODE: Readonly<Record<string, ErrorName>> = {
  ECONNREFUSED: 'Refused',
  EHOSTUNREACH: 'Refused',
  ENETUNREACH: 'Refused',
  EHOSTDOWN: 'Refused',
  // No local port is left towards the upstream's address and port, or there is no local address for it: see sockets/shortage.ts.
  EADDRNOTAVAIL: 'NoLocalPort',
  EACCES: 'Refused',
  // No file descriptor is left: see sockets/shortage.ts.
  EMFILE: 'TooMany',
  ENFILE: 'TooMany',
  ENOBUFS: 'TooMany',
  ENOENT: 'Refused',
  ENOTFOUND: 'NotResolved',
  EAI_AGAIN: 'NotResolved',
  EAI_NODATA: 'NotResolved',
  EAI_NONAME: 'NotResolved',
  ECONNRESET: 'Reset',
  EPIPE: 'Reset',
  UND_ERR_SOCKET: 'Reset',
  ETIMEDOUT: 'ConnectTimeout',
  UND_ERR_CONNECT_TIMEOUT: 'ConnectTimeout',
  UND_ERR_HEADERS_TIMEOUT: 'Timeout',
  UND_ERR_BODY_TIMEOUT: 'Timeout'
}

// OpenSSL and Node have some forty codes for certificate errors; these are their families.
const TLS_CODE = /^ERR_(TLS|SSL|OSSL)|CERT|^(EPROTO|DEPTH_ZERO_|SELF_SIGNED|UNABLE_TO_(GET|VERIFY|DECODE)|HOSTNAME_MISMATCH|INVALID_(CA|PURPOSE))/

/** The proxy's error for a system error, by its code. */
export function nameOf (cause: unknown): ErrorName {
  const code = systemCodeOf(cause)
  if (code === null) return 'Reset'
  const name = BY_SYSTEM_CODE[code]
  if (name !== undefined) return name
  if (TLS_CODE.test(code)) return 'Tls'
  if (code.startsWith('HPE_')) return 'BadAnswer'
  return 'Reset'
}

/** The system code of an error. Where a dial tried several addresses it is that of the first that there was a local address for: `::1` is often none. */
export function systemCodeOf (cause: unknown): string | null {
  if (cause instanceof AggregateError && cause.errors.length > 0) return systemCodeOf((cause.errors as unknown[]).find(error => systemCodeOf(error) !== 'EADDRNOTAVAIL') ?? cause.errors[0])
  const code = (cause as { code?: unknown } | null | undefined)?.code
  return typeof code === 'string' ? code : null
}

const SIDES: Partial<Record<ErrorName, Side>> = { ClientTimeout: 'client', RewriteFailed: 'proxy', TooMany: 'proxy', NoLocalPort: 'proxy', Closed: 'proxy', BadTarget: 'proxy', BadRoute: 'proxy', Busy: 'proxy', Expired: 'client', BadHandshake: 'client', TooManyOfKey: 'client', Draining: 'proxy', ClientGone: 'client' }

/** Whose fault it is where a connection to an upstream fails with this error. */
export function sideOf (name: ErrorName): Side {
  return SIDES[name] ?? 'upstream'
}

/** The record for `request.upstream.error`. */
export function describe (name: ErrorName, moment: Moment, side: Side, cause: unknown = null): UpstreamError {
  const error = new ERRORS[name]()
  return { code: error.code, moment, side, statusCode: error.statusCode ?? 502, systemCode: systemCodeOf(cause), cause }
}
