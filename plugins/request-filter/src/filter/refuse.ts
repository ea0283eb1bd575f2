// What does the client of a refused request get? An answer on Fastify's error path, or the end of its connection.
import type { Http2ServerRequest } from 'node:http2'
import type { Socket } from 'node:net'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { RefusedError } from '../errors.ts'
import type { Refusal } from './check.ts'

/** RFC 9113 §7: the client is to slow down. REFUSED_STREAM would ask it to try again. */
const ENHANCE_YOUR_CALM = 0xb
/** How long the client of a refused upgrade may take to close after the server has, in ms. */
const LINGER = 2_000

/** The error that the user's error handler sees, and without one the client. */
export function errorOf ({ statusCode, retryAfter }: Refusal, { raw }: FastifyRequest, reply: FastifyReply): Error {
  if (retryAfter !== undefined) reply.header('retry-after', String(Math.max(0, Math.ceil(retryAfter))))
  if (raw.httpVersionMajor === 1) {
    // Node says so of a request whose socket it has given to a listener of 'upgrade'.
    const { upgrade } = raw as { readonly upgrade?: boolean }
    // Of a body that nobody wants the rest is not read; HTTP/2 resets the stream.
    if (upgrade === true || hasBody(raw.headers)) reply.header('connection', 'close')
    // Node has detached its parser, and closes nothing itself.
    if (upgrade === true) reply.raw.once('finish', () => { end(raw.socket as Socket | null) })
  }
  return Object.assign(new RefusedError() as Error, { statusCode })
}

/** Ends a socket that no parser reads. What the client still sends is discarded for a while, since a reset would take the answer from it (RFC 9112 §9.6). */
function end (socket: Socket | null): void {
  // upstream-proxy has ended it already.
  if (socket === null) return
  socket.end()
  socket.resume()
  const timer = setTimeout(() => { socket.destroy() }, LINGER).unref()
  socket.once('close', () => { clearTimeout(timer) })
}

function hasBody (headers: FastifyRequest['raw']['headers']): boolean {
  const length = headers['content-length']
  return headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0')
}

/** Ends the connection, or over HTTP/2 the stream, without an answer. */
export function abort (request: FastifyRequest, reply: FastifyReply): void {
  reply.hijack()
  const raw = request.raw as FastifyRequest['raw'] | Http2ServerRequest
  if ('stream' in raw) raw.stream.close(ENHANCE_YOUR_CALM)
  // What `inject` passes as the socket is none.
  else if (typeof raw.socket?.destroy === 'function') raw.socket.destroy()
  else raw.destroy()
}
