// When does an exchange begin, when does its WebSocket open, and when is it over?
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { EventEmitter } from 'node:events'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { connectionOf } from './connection.ts'
import type { Stream } from './ending.ts'
import type { Beginning } from './gather.ts'
import { markSeen } from './onlooker.ts'
import { watchFor } from './own-websocket.ts'

/** Where upstream-proxy tells onlookers that a tunnel has opened: `{ request, tunnel }`. */
const TUNNEL_OPEN = 'fastify-arr.tunnel.open'

const EXCHANGE = Symbol('exchange')

/** Fastify's objects for an exchange: those of its last way through the router. */
interface Last {
  request: FastifyRequest
  reply: FastifyReply
}

type Response = FastifyReply['raw'] & { [EXCHANGE]?: Last }

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
    const last: Last = response[EXCHANGE] = { request, reply }
    const startedAt = performance.now()
    const connection = connectionOf(raw)
    const begun: Beginning = { startedAt, connection, stream: (raw as { stream?: Stream }).stream ?? null, watched: false, opening: false, webSocket: null }
    open++
    connection.open++
    connection.lastSeen = raw
    markSeen(raw)
    if (raw.headers.upgrade !== undefined || raw.headers[':protocol'] !== undefined) awaitWebSocket(request, reply, begun)
    // The one event that comes exactly once for finished, aborted, refused and upgraded exchanges alike.
    reply.raw.once('close', () => {
      connection.open--
      // The frames of a server's own WebSocket are told just after its socket.
      if (begun.webSocket?.closed === false) begun.webSocket.onClosed = () => { end(last, begun) }
      else end(last, begun)
    })
  }

  function awaitWebSocket (request: FastifyRequest, reply: FastifyReply, begun: Beginning): void {
    const onOpen = () => {
      if (!openings) return
      begun.opening = true
      tell(request, reply, begun)
      begun.opening = false
    }
    opened.set(request, onOpen)
    const { websocketServer } = request.server as { websocketServer?: EventEmitter }
    if (websocketServer === undefined) return
    begun.watched = true
    watchFor(websocketServer, request.raw, begun.startedAt, webSocket => {
      begun.webSocket = webSocket
      onOpen()
    })
  }

  function end ({ request, reply }: Last, begun: Beginning): void {
    if (--open === 0) allOver()
    tell(request, reply, begun)
  }
}
