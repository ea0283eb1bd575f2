// How does a WebSocket over HTTP/2 (RFC 8441) reach Fastify's router? As the GET that it is in HTTP/1.1.
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import { mark } from './upgrade.ts'

const EMPTY = Buffer.alloc(0)

/**
 * Routes an extended CONNECT for a WebSocket and answers 501 to those for other protocols.
 * False for a plain CONNECT: that is for others, or gets Node's 405.
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
  // An own property: the setter would change `:method` in the headers, and those stay as they came.
  Object.defineProperty(request, 'method', { value: 'GET', configurable: true, enumerable: true })
  mark(request, { http: '2', socket: stream, head: EMPTY })
  route(request, response)
  return true
}

// The stream's end is seen on 'close'; its error would otherwise end the process.
function noop (): void {}
