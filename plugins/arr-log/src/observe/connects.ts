// Which CONNECTs does nobody of the application take?
import type { IncomingMessage } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import type { Server, Socket } from 'node:net'
import { plainAddress } from './connection.ts'
import { targetOf, type OnRejected } from './rejected.ts'

/** The mark of listeners that only look: whoever answers a CONNECT that nobody takes need not leave it to them. */
const OBSERVES = Symbol.for('fastify-arr.observes')

/**
 * Reports the CONNECTs for which there is no listener but observers. Node does not do its own part once there is any listener, so it is done
 * here: it closes an HTTP/1.1 connection, and answers 405 over HTTP/2. Returns a function that stops it.
 */
export function watchConnects (server: Server, onRejected: OnRejected): () => void {
  const listener = Object.assign(onConnect, { [OBSERVES]: true })
  server.on('connect', listener)
  return () => { server.off('connect', listener) }

  function onConnect (request: IncomingMessage | Http2ServerRequest, to: Socket | Http2ServerResponse): void {
    const listeners = server.listeners('connect')
    if (!listeners.every(one => OBSERVES in one)) return
    const { socket } = request
    const isHttp2 = 'stream' in request
    onRejected({
      at: Date.now(),
      clientIp: plainAddress(socket.remoteAddress),
      clientPort: socket.remotePort ?? null,
      serverIp: plainAddress(socket.localAddress),
      serverPort: socket.localPort ?? null,
      version: isHttp2 ? 'HTTP/2' : `HTTP/${request.httpVersion}`,
      method: 'CONNECT',
      uri: targetOf(request),
      status: isHttp2 ? 405 : null,
      siteId: null,
      reason: 'BadRequest'
    })
    // Only the last of several observers acts.
    if (listeners.at(-1) !== listener) return
    if (isHttp2) (to as Http2ServerResponse).writeHead(405).end()
    else (to as Socket).destroy()
  }
}
