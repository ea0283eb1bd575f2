// When does an exchange begin, when does its WebSocket open, and when is it over?
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { EventEmitter } from 'node:events'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { connectionOf, type Connection } from './connection.ts'
import { onAborted, type Stream } from './ending.ts'
import type { Beginning } from './gather.ts'
import { markSeen } from './onlooker.ts'
import { watchFor } from './own-websocket.ts'

/** Where upstream-proxy tells onlookers that a tunnel has opened: `{ request, tunnel }`. */
const TUNNEL_OPEN = 'fastify-arr.tunnel.open'

const EXCHANGE = Symbol('exchange')

/** An exchange under way, with Fastify's objects for it: those of its last way through the router. */
interface Life {
  request: FastifyRequest
  reply: FastifyReply
  readonly begun: Beginning
  readonly end: (life: Life) => void
  over: boolean
}

type Response = FastifyReply['raw'] & { [EXCHANGE]?: Life }

/** Called when there is something to be told. */
export type Tell = (request: FastifyRequest, reply: FastifyReply, begun: Beginning) => void

/** The exchanges of one server. */
export interface Lives {
  /** To be called as a request's first hook. */
  begin (request: FastifyRequest, reply: FastifyReply): void
  /** Resolves when all that have begun are over, or after `limit` ms. */
  over (limit: number): Promise<void>
  stop (): void
}

/** Follows each exchange to its end and has it told, once; with `openings`, when its WebSocket opens as well. */
export function createLives (tell: Tell, openings: boolean): Lives {
  const opened = new WeakMap<object, () => void>()
  let open = 0
  let allOver = () => {}
  const onTunnel = (message: unknown) => { opened.get((message as { request: object }).request)?.() }
  if (openings) subscribe(TUNNEL_OPEN, onTunnel)

  return {
    begin,
    over: limit => open === 0
      ? Promise.resolve()
      : new Promise(resolve => {
        const timer = setTimeout(resolve, limit)
        allOver = () => { clearTimeout(timer); resolve() }
      }),
    stop () { if (openings) unsubscribe(TUNNEL_OPEN, onTunnel) }
  }

  function begin (request: FastifyRequest, reply: FastifyReply): void {
    const { raw } = request
    const response = reply.raw as Response
    if (response[EXCHANGE] !== undefined) {
      // A rewritten request may pass the router, and so its hooks, twice: it stays one exchange, told as it ends.
      response[EXCHANGE].request = request
      response[EXCHANGE].reply = reply
      return
    }
    const startedAt = performance.now()
    const connection = connectionOf(raw)
    const begun: Beginning = { startedAt, connection, stream: (raw as { stream?: Stream }).stream ?? null, watched: false, opening: false, webSocket: null }
    response[EXCHANGE] = { request, reply, begun, end, over: false }
    open++
    connection.open++
    connection.lastSeen = raw
    markSeen(raw)
    if (raw.headers.upgrade !== undefined || raw.headers[':protocol'] !== undefined) awaitWebSocket(request, reply, begun)
    // The one event that comes for finished, aborted, refused and upgraded exchanges alike.
    response.on('close', onClose)
    if (begun.stream !== null) begun.stream.on('aborted', onAborted)
    else if (response.socket === null && !connection.injected) endWithConnection(response, connection)
  }

  function awaitWebSocket (request: FastifyRequest, reply: FastifyReply, begun: Beginning): void {
    const onOpen = () => {
      if (!openings) return
      begun.opening = true
      tell(request, reply, begun)
      begun.opening = false
    }
    if (openings) opened.set(request, onOpen)
    const { websocketServer } = request.server as { websocketServer?: EventEmitter }
    if (websocketServer === undefined) return
    begun.watched = true
    watchFor(websocketServer, request.raw, begun.startedAt, webSocket => {
      begun.webSocket = webSocket
      onOpen()
    })
  }

  function end (life: Life): void {
    if (--open === 0) allOver()
    tell(life.request, life.reply, life.begun)
  }
}

// One function for all exchanges, and no wrapper that takes it off after the one time it comes.
function onClose (this: Response): void {
  const life = this[EXCHANGE] as Life
  if (life.over) return
  life.over = true
  const { begun } = life
  begun.connection.open--
  begun.connection.queued?.delete(this)
  // The frames of a server's own WebSocket are told just after its socket.
  if (begun.webSocket?.closed === false) begun.webSocket.onClosed = () => { life.end(life) }
  else life.end(life)
}

/** Node tells the end of a connection only to the answer whose turn it is, not to those that wait behind it. */
function endWithConnection (response: Response, connection: Connection): void {
  if (connection.queued === null) {
    const queued = connection.queued = new Set<Response>()
    // A tick later, so that the one whose turn it was is told first.
    connection.socket.on('close', () => { process.nextTick(() => { for (const left of queued) onClose.call(left) }) })
  }
  connection.queued.add(response)
}
