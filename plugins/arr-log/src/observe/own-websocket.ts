// What is known of a WebSocket that this server itself accepts, through @fastify/websocket?
import type { EventEmitter } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { Told, TunnelFact } from '@fastify-arr/facts'

/** Its facts, updated while it is open. */
export interface OwnWebSocket extends Told<TunnelFact> {
  received: { messages: number }
  closeCode: number | null
  closeReason: string | null
  /** True once the facts are final. */
  closed: boolean
  /** Called once the facts are final. */
  onClosed: () => void
}

/** The parts of a `ws` WebSocket that are listened to. */
interface WebSocketLike extends EventEmitter {
  readonly protocol?: string
  readonly extensions?: string
}

type Accepted = (webSocket: OwnWebSocket) => void

const waiting = new WeakMap<IncomingMessage, { startedAt: number, accepted: Accepted }>()
const watched = new WeakSet<EventEmitter>()

/**
 * Calls `accepted` when a `ws` server accepts this request. It only adds listeners and changes no socket, message or
 * method: messages that the server sends are not counted, and which side sent the first Close frame is not known.
 */
export function watchFor (server: EventEmitter, raw: IncomingMessage, startedAt: number, accepted: Accepted): void {
  waiting.set(raw, { startedAt, accepted })
  if (watched.has(server)) return
  watched.add(server)
  server.on('connection', (webSocket: WebSocketLike, raw: IncomingMessage) => {
    const entry = waiting.get(raw)
    if (entry === undefined) return
    waiting.delete(raw)
    entry.accepted(follow(webSocket, performance.now() - entry.startedAt))
  })
}

function follow (webSocket: WebSocketLike, handshakeTime: number): OwnWebSocket {
  const fact: OwnWebSocket = {
    handshakeTime,
    subprotocol: webSocket.protocol || null,
    extensions: webSocket.extensions || null,
    received: { messages: 0 },
    closeCode: null,
    closeReason: null,
    closed: false,
    onClosed: () => {}
  }
  webSocket.on('message', () => { fact.received.messages++ })
  webSocket.once('close', (code: number, reason: Buffer) => {
    // ws reports 1006 where no Close frame was received; it is never on the wire (RFC 6455 §7.4.1).
    fact.closeCode = code === 1006 ? null : code
    fact.closeReason = reason.length === 0 ? null : reason.toString()
    fact.closed = true
    fact.onClosed()
  })
  return fact
}
