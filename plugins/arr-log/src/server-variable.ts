// What is the value of one of IIS's server variables for this request?
import type { FastifyRequest } from 'fastify'
import { plainAddress } from './connection.ts'
import type { Facts } from './facts.ts'

type Read = (request: FastifyRequest) => string | number | null | undefined

const VARIABLES: Readonly<Record<string, Read>> = {
  CONTENT_LENGTH: request => request.raw.headers['content-length'],
  CONTENT_TYPE: request => request.raw.headers['content-type'],
  HTTPS: request => isTls(request) ? 'on' : 'off',
  LOCAL_ADDR: request => plainAddress(request.raw.socket.localAddress),
  QUERY_STRING: request => request.originalUrl.split('?', 2)[1] ?? '',
  REMOTE_ADDR: request => plainAddress(request.raw.socket.remoteAddress),
  REMOTE_PORT: request => request.raw.socket.remotePort,
  REQUEST_METHOD: request => request.method,
  REQUEST_URI: request => request.originalUrl,
  SERVER_NAME: request => request.hostname,
  SERVER_PORT: request => request.raw.socket.localPort,
  SERVER_PORT_SECURE: request => isTls(request) ? 1 : 0,
  SERVER_PROTOCOL: request => `HTTP/${request.raw.httpVersion}`,
  UNENCODED_URL: request => request.originalUrl,
  URL: request => request.originalUrl.split('?', 1)[0]
}

/**
 * A server variable: what a rewrite rule set, then `HTTP_<HEADER>` from the request's headers, then IIS's own.
 * Null where it has no value.
 */
export function serverVariable (request: FastifyRequest, name: string): string | null {
  const set = (request as unknown as Facts).rewrite?.serverVariables?.[name]
  if (set !== undefined) return set
  if (name.startsWith('HTTP_')) {
    const value = request.raw.headers[name.slice(5).replaceAll('_', '-').toLowerCase()]
    return Array.isArray(value) ? value.join(', ') : value ?? null
  }
  const value = VARIABLES[name]?.(request)
  return value === null || value === undefined ? null : String(value)
}

function isTls (request: FastifyRequest): boolean {
  return (request.raw.socket as { encrypted?: boolean }).encrypted === true
}
