// What is the value of one of IIS's server variables for this request?
import type { FastifyRequest } from 'fastify'
import type { Connection } from './connection.ts'
import type { Facts } from './facts.ts'

// The connection's own part is asked of what was noted when it came: an HTTP/2 stream that has closed has let go of it.
type Read = (request: FastifyRequest, connection: Connection) => string | number | null | undefined

const VARIABLES: Readonly<Record<string, Read>> = {
  CONTENT_LENGTH: request => request.raw.headers['content-length'],
  CONTENT_TYPE: request => request.raw.headers['content-type'],
  HTTPS: (_request, connection) => connection.secure ? 'on' : 'off',
  LOCAL_ADDR: (_request, connection) => connection.serverIp,
  QUERY_STRING: request => request.originalUrl.split('?').slice(1).join('?'),
  REMOTE_ADDR: (_request, connection) => connection.clientIp,
  REMOTE_PORT: (_request, connection) => connection.clientPort,
  REQUEST_METHOD: request => request.method,
  REQUEST_URI: request => request.originalUrl,
  SERVER_NAME: request => request.hostname,
  SERVER_PORT: (_request, connection) => connection.serverPort,
  SERVER_PORT_SECURE: (_request, connection) => connection.secure ? 1 : 0,
  SERVER_PROTOCOL: request => `HTTP/${request.raw.httpVersion}`,
  UNENCODED_URL: request => request.originalUrl,
  URL: request => request.originalUrl.split('?', 1)[0]
}

/**
 * A server variable: what a rewrite rule set, then `HTTP_<HEADER>` from the request's headers, then IIS's own.
 * Null where it has no value.
 */
export function serverVariable (request: FastifyRequest, connection: Connection, name: string): string | null {
  const set = (request as unknown as Facts).rewrite?.serverVariables?.[name]
  if (set !== undefined) return set
  if (name.startsWith('HTTP_')) {
    const value = request.raw.headers[name.slice(5).replaceAll('_', '-').toLowerCase()]
    return Array.isArray(value) ? value.join(', ') : value ?? null
  }
  const value = VARIABLES[name]?.(request, connection)
  return value === null || value === undefined ? null : String(value)
}
