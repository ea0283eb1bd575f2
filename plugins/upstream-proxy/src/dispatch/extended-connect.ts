// How does a WebSocket over HTTP/2 (RFC 8441) reach Fastify's router? As a GET, which its handshake is in HTTP/1.1.
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import { mark } from './upgrade.ts'

const EMPTY = Buffer.alloc(0)

/**
 * Routes an extended CONNECT for a WebSocket and answers 501 to those for other protocols.
 * False for a plain CONNECT: other listeners handle it, or Node answers 405.
 */
export function routeConnect (
  request: Http2ServerRequest,
  response: Http2ServerResponse,
  route: (request: Http2ServerRequest, response: Http2ServerResponse) => void
): boolean {
  const protocol = request.headers[':protocol']
  if (protocol === undefined) return false
  const stream = request.stream
  stream.on('error', noop)
  if (stream.destroyed) return true
  if (protocol !== 'websocket') {
    response.statusCode = 501
    response.end()
    return true
  }
  // An own property, because the setter would change `:method` in the headers, which must stay as they came.
  Object.defineProperty(request, 'method', { value: 'GET', configurable: true, enumerable: true })
  mark(request, { http: '2', socket: stream, head: EMPTY, protocols: [protocol] })
  route(request, response)
  return true
}

// 'close' tells of the stream's end; without a listener its error would end the process.
function noop (): void {}
