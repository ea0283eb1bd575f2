// How does a connection end whose upgrade was declined? Node has taken its parser away: no second request can be read.
import type { ServerResponse } from 'node:http'
import type { ServerHttp2Stream } from 'node:http2'
import type { Socket } from 'node:net'
import type { FastifyReply } from 'fastify'

/** How long a client may take to close after us, in ms. */
const LINGER = 2000
const ANSWER = Symbol('answer')

type Answering = Socket & { [ANSWER]?: ServerResponse | undefined }

/**
 * Makes an answer the last on its connection, and does for it what Node's server does where it has a parser.
 * To be called before its head is sent; once is enough.
 */
export function answerLast (response: ServerResponse, socket: Socket): void {
  if ((socket as Answering)[ANSWER] !== undefined) return
  (socket as Answering)[ANSWER] = response
  response.shouldKeepAlive = false
  response.once('finish', onFinish)
  socket.on('drain', onDrain)
}

/** The same for a reply of Fastify's. */
export function replyLast (reply: FastifyReply, socket: Socket): void {
  answerLast(reply.raw, socket)
  // Where it is taken for a WebSocket's, @fastify/websocket destroys the connection as soon as the answer has left.
  const request = reply.request as { ws?: boolean }
  if (request.ws === true) request.ws = false
}

/** The connection goes on as a tunnel: there will be no such answer. */
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
  // The exchange is over here; how long the client takes to close is not its time.
  this.detachSocket(socket)
  process.nextTick(emitClose, this)
  // What the client still sends is read and thrown away: closing on unread bytes would be a reset,
  // and a reset takes from the client what it has not read of the answer (RFC 9112 §9.6).
  socket.end()
  socket.resume()
  const timer = setTimeout(() => socket.destroy(), LINGER).unref()
  socket.once('end', () => socket.destroySoon())
  socket.once('close', () => clearTimeout(timer))
}

/** Lets fall what the client of a declined stream still says; who goes on for longer is asked to stop (RFC 9113 §8.1). */
export function lingerStream (stream: ServerHttp2Stream): void {
  stream.resume()
  const timer = setTimeout(() => stream.close(), LINGER).unref()
  stream.once('close', () => clearTimeout(timer))
}

/** Tells an answer of its end where Node does not. */
export function emitClose (response: ServerResponse): void {
  response.destroyed = true
  response.emit('close')
}
