// How does a WebSocket live and end that this very server accepted, through @fastify/websocket?
import type { EventEmitter } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { TunnelFact } from './facts.ts'

/** What is known of it; filled in while it lives. */
export interface OwnWebSocket extends TunnelFact {
  received: { messages: number }
  closeCode: number | null
  closeReason: string | null
  /** True once the facts are final. */
  closed: boolean
  /** Called when they are. */
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
 * Listens for the moment a `ws` server accepts this request. Listening is all that is done: no socket, no
 * message and no method is touched. So what the server itself sends is not counted, and who sent the first
 * Close frame is not known.
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
    // 1006 is ws's own word for "no Close frame came" and never on the wire (RFC 6455 §7.4.1).
    fact.closeCode = code === 1006 ? null : code
    fact.closeReason = reason.length === 0 ? null : reason.toString()
    fact.closed = true
    fact.onClosed()
  })
  return fact
}
