// What is the value of an IIS server variable for a request?
import type { FastifyRequest } from 'fastify'
import type { Connection } from '../observe/connection.ts'
import type { Facts } from './facts.ts'

// Addresses come from the connection's record: an HTTP/2 stream that has closed no longer has its socket.
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
 * A server variable: the value a rewrite rule has set, else `HTTP_<HEADER>` from the request's headers, else IIS's own.
 * Null where it has no value.
 */
export function serverVariable (request: FastifyRequest & Facts, connection: Connection, name: string): string | null {
  const set = request.rewrite?.serverVariables?.[name]
  if (set !== undefined) return set
  if (name.startsWith('HTTP_')) {
    const value = request.raw.headers[name.slice(5).replaceAll('_', '-').toLowerCase()]
    return Array.isArray(value) ? value.join(', ') : value ?? null
  }
  const value = VARIABLES[name]?.(request, connection)
  return value === null || value === undefined ? null : String(value)
}
