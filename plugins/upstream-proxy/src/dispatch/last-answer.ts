// How does a connection end with an answer? After a declined upgrade no second request can be read, because Node has detached its parser;
// of a request that is too large, the rest is not read.
import type { ServerResponse } from 'node:http'
import type { Http2ServerResponse, ServerHttp2Stream } from 'node:http2'
import type { Socket } from 'node:net'
import type { FastifyReply } from 'fastify'

/** How long a client may take to close after the server has, in ms. */
const LINGER = 2000
const ANSWER = Symbol('answer')
const NO_ERROR = 0 // RFC 9113 §7

type Answering = Socket & { [ANSWER]?: ServerResponse | undefined }

/**
 * Makes an answer the last on its connection, and does what Node's server does for a socket that has a parser.
 * Must be called before the head is sent; further calls do nothing.
 */
export function answerLast (response: ServerResponse, socket: Socket): void {
  if ((socket as Answering)[ANSWER] !== undefined) return
  (socket as Answering)[ANSWER] = response
  response.shouldKeepAlive = false
  response.once('finish', onFinish)
  socket.on('drain', onDrain)
}

/** The same for a Fastify reply. */
export function replyLast (reply: FastifyReply, socket: Socket): void {
  answerLast(reply.raw, socket)
  // Where a request is marked as a WebSocket, @fastify/websocket destroys the connection as soon as the answer was sent.
  const request = reply.request as { ws?: boolean }
  if (request.ws === true) request.ws = false
}

/** Undoes `answerLast`: the connection becomes a tunnel, and there is no such answer. */
export function answerNoMore (response: ServerResponse, socket: Socket): void {
  (socket as Answering)[ANSWER] = undefined
  response.removeListener('finish', onFinish)
  socket.removeListener('drain', onDrain)
}

function onDrain (this: Answering): void {
  this[ANSWER]?.emit('drain')
}

function onFinish (this: ServerResponse): void {
  const socket = this.socket as Socket
  // The exchange ends here: the time that the client takes to close is not counted.
  this.detachSocket(socket)
  process.nextTick(emitClose, this)
  linger(socket)
}

/**
 * Ends a socket. What the client still sends is read and discarded for a while: closing with unread bytes sends a reset,
 * and after a reset the client loses what it has not yet read of the answer (RFC 9112 §9.6).
 */
function linger (socket: Socket): void {
  if (socket.readableEnded) {
    socket.destroySoon()
    return
  }
  socket.end()
  socket.resume()
  const timer = setTimeout(() => socket.destroy(), LINGER).unref()
  socket.once('end', () => socket.destroySoon())
  socket.once('close', () => clearTimeout(timer))
}

/** Makes the answer to a request the last on its connection, or stream, though the request's body has not arrived. Must be called before the head is sent. */
export function closeAfter ({ raw, request }: FastifyReply): void {
  if ('stream' in raw) {
    const { stream } = raw as unknown as Http2ServerResponse
    // The rest of the body is refused once the answer has left (RFC 9113 §8.1).
    stream.once('finish', () => { stream.close(NO_ERROR) })
    return
  }
  const { socket } = request.raw
  raw.shouldKeepAlive = false
  // Before Node's own listener, which calls `destroySoon`.
  raw.prependListener('finish', () => { socket.destroySoon = lingerInstead })
}

function lingerInstead (this: Socket): void {
  delete (this as Partial<Socket>).destroySoon
  // A listener makes Node's parser release the socket; without listeners it gets no more bytes, and so reads no further request.
  this.on('data', noop).removeAllListeners('data')
  // The parser may have stopped reading. For the stream a read is still under way, which an empty push ends.
  this.push('')
  linger(this)
}

/** Discards what the client of a declined stream still sends, and closes the stream where that goes on for too long (RFC 9113 §8.1). */
export function lingerStream (stream: ServerHttp2Stream): void {
  stream.resume()
  const timer = setTimeout(() => stream.close(), LINGER).unref()
  stream.once('close', () => clearTimeout(timer))
}

/** Emits 'close' on a response where Node does not. */
export function emitClose (response: ServerResponse): void {
  response.destroyed = true
  response.emit('close')
}

function noop (): void {}
