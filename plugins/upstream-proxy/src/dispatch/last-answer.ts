// How does a connection end whose upgrade was declined? Node has detached its parser: no second request can be read.
import type { ServerResponse } from 'node:http'
import type { ServerHttp2Stream } from 'node:http2'
import type { Socket } from 'node:net'
import type { FastifyReply } from 'fastify'

/** How long a client may take to close after the server has, in ms. */
const LINGER = 2000
const ANSWER = Symbol('answer')

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
  // What the client still sends is read and discarded: closing with unread bytes sends a reset,
  // and after a reset the client loses what it has not yet read of the answer (RFC 9112 §9.6).
  socket.end()
  socket.resume()
  const timer = setTimeout(() => socket.destroy(), LINGER).unref()
  socket.once('end', () => socket.destroySoon())
  socket.once('close', () => clearTimeout(timer))
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
