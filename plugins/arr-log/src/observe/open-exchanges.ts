// When does an exchange begin, when does its WebSocket open, and when does it end?
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { EventEmitter } from 'node:events'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { CHANNELS, type TunnelMessage } from '@fastify-arr/facts'
import { connectionOf, type Connection } from './connection.ts'
import { onAborted, type Stream } from './ending.ts'
import { watchFor, type OwnWebSocket } from './own-websocket.ts'
import { markSeen } from './unrouted.ts'

const EXCHANGE = Symbol('exchange')

/** What was recorded when the exchange began. */
export interface Beginning {
  /** On the clock of `performance.now()`, ms. */
  readonly startedAt: number
  readonly connection: Connection
  /** The HTTP/2 stream, kept because the response no longer has it when it closes; null on HTTP/1. */
  readonly stream: Stream | null
  /** Whether a WebSocket server is observed, which would have reported that it accepted the request. */
  watched: boolean
  /** True while the report is that of a WebSocket's opening, not of the exchange's end. */
  opening: boolean
  /** The WebSocket that this server itself has accepted, or null. */
  webSocket: OwnWebSocket | null
}

/** An exchange that has begun and not ended, with Fastify's objects of its last pass through the router. */
export interface OpenExchange {
  request: FastifyRequest
  reply: FastifyReply
  readonly begun: Beginning
  readonly end: (open: OpenExchange) => void
  ended: boolean
}

type Response = FastifyReply['raw'] & { [EXCHANGE]?: OpenExchange }
type Upgraded = FastifyRequest['raw'] & { [EXCHANGE]?: OpenExchange }

/** Called when an exchange has ended, or when its WebSocket has opened. */
export type Report = (request: FastifyRequest, reply: FastifyReply, begun: Beginning) => void

/** The open exchanges of one server. */
export interface OpenExchanges {
  /** To be called in a request's first hook. */
  begin (request: FastifyRequest, reply: FastifyReply): void
  /** The exchange of an upgrade that is open; null where it is not. */
  of (request: FastifyRequest): OpenExchange | null
  /** The exchange of an upgrade goes on elsewhere: it is not reported. */
  forget (request: FastifyRequest): void
  /** Resolves when no exchange is open, or after `limit` ms. */
  allEnded (limit: number): Promise<void>
  stop (): void
}

/** Follows each exchange to its end and reports it once; with `openings`, also when its WebSocket opens. */
export function createOpenExchanges (report: Report, openings: boolean): OpenExchanges {
  const opened = new WeakMap<object, () => void>()
  let count = 0
  let onAllEnded = () => {}
  const onTunnel = (message: unknown) => { opened.get((message as TunnelMessage).request)?.() }
  if (openings) subscribe(CHANNELS.tunnelOpen, onTunnel)

  return {
    begin,
    of,
    forget (request) {
      const open = of(request)
      if (open === null) return
      open.ended = true
      open.begun.connection.open--
      if (--count === 0) onAllEnded()
    },
    allEnded: limit => count === 0
      ? Promise.resolve()
      : new Promise(resolve => {
        const timer = setTimeout(resolve, limit)
        onAllEnded = () => { clearTimeout(timer); resolve() }
      }),
    stop () { if (openings) unsubscribe(CHANNELS.tunnelOpen, onTunnel) }
  }

  function begin (request: FastifyRequest, reply: FastifyReply): void {
    const { raw } = request
    const response = reply.raw as Response
    if (response[EXCHANGE] !== undefined) {
      // A rewritten request may pass the router, and so its hooks, twice. It stays one exchange, reported as the last pass left it.
      response[EXCHANGE].request = request
      response[EXCHANGE].reply = reply
      return
    }
    const startedAt = performance.now()
    const connection = connectionOf(raw)
    const begun: Beginning = { startedAt, connection, stream: (raw as { stream?: Stream }).stream ?? null, watched: false, opening: false, webSocket: null }
    response[EXCHANGE] = { request, reply, begun, end, ended: false }
    count++
    connection.open++
    connection.lastSeen = raw
    markSeen(raw)
    if (raw.headers.upgrade !== undefined || raw.headers[':protocol'] !== undefined) {
      (raw as Upgraded)[EXCHANGE] = response[EXCHANGE]
      awaitWebSocket(request, reply, begun)
    }
    // The one event that is emitted for finished, aborted, refused and upgraded exchanges alike.
    response.on('close', onClose)
    if (begun.stream !== null) begun.stream.on('aborted', onAborted)
    else if (response.socket === null && !connection.injected) endWithConnection(response, connection)
  }

  function of ({ raw }: FastifyRequest): OpenExchange | null {
    const open = (raw as Upgraded)[EXCHANGE]
    return open === undefined || open.ended || open.end !== end ? null : open
  }

  function awaitWebSocket (request: FastifyRequest, reply: FastifyReply, begun: Beginning): void {
    const onOpen = () => {
      if (!openings) return
      begun.opening = true
      report(request, reply, begun)
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

  function end (open: OpenExchange): void {
    if (--count === 0) onAllEnded()
    report(open.request, open.reply, open.begun)
  }
}

// One function for all exchanges: `once` would allocate a wrapper for each.
function onClose (this: Response): void {
  const open = this[EXCHANGE] as OpenExchange
  if (open.ended) return
  open.ended = true
  const { begun } = open
  begun.connection.open--
  begun.connection.queued?.delete(this)
  // A server's own WebSocket emits `close` just after its socket has; the close code is known then.
  if (begun.webSocket?.closed === false) begun.webSocket.onClosed = () => { open.end(open) }
  else open.end(open)
}

/** Node emits `close` only on the response that is being sent, not on those queued behind it in a pipeline. */
function endWithConnection (response: Response, connection: Connection): void {
  if (connection.queued === null) {
    const queued = connection.queued = new Set<Response>()
    // A tick later, so that the response that was being sent is reported first.
    connection.socket.on('close', () => { process.nextTick(() => { for (const left of queued) onClose.call(left) }) })
  }
  connection.queued.add(response)
}
