// What does the record of an exchange hold about its WebSocket?
import type { Socket } from 'node:net'
import type { Flow, Told, TunnelFact } from '@fastify-arr/facts'
import { wasReset } from '../observe/ending.ts'
import type { OwnWebSocket } from '../observe/own-websocket.ts'
import type { ExchangeWebSocket } from './exchange.ts'

/** `major`: the request's HTTP version, for a fact that does not name it. */
export function webSocketPart (tunnel: Told<TunnelFact>, major: number): ExchangeWebSocket {
  const { received, sent, observed } = tunnel
  return {
    http: tunnel.http ?? (major === 2 ? '2' : '1.1'),
    handshakeTime: tunnel.handshakeTime === undefined ? null : Math.round(tunnel.handshakeTime),
    subprotocol: tunnel.subprotocol ?? null,
    extensions: tunnel.extensions ?? null,
    // Counts that stopped before the end would be wrong.
    messagesReceived: observed === false ? null : received?.messages ?? null,
    bytesReceived: received?.bytes ?? null,
    messagesSent: observed === false ? null : sent?.messages ?? null,
    bytesSent: sent?.bytes ?? null,
    idleReceived: idleOf(received),
    idleSent: idleOf(sent),
    closeCode: closeCodeOf(tunnel),
    closeReason: tunnel.closeReason || null,
    closedBy: tunnel.closedBy ?? null,
    ending: tunnel.ending ?? null,
    limit: tunnel.limit ?? null
  }
}

/** How long ago bytes last came one way. The system's clock may have been put back. */
function idleOf (flow: Told<Flow> | undefined): number | null {
  return flow?.lastActivity === undefined ? null : Math.max(0, Date.now() - flow.lastActivity)
}

/** How a WebSocket that this server accepted ended, read from its socket where no Close frame shows it. */
export function ownEnd (own: OwnWebSocket | null, socket: Socket, clientLeft: boolean): Told<TunnelFact> | null {
  if (own === null) return null
  const closedBy = own.closeCode !== null ? null : clientLeft ? 'client' : 'proxy'
  return { ...own, closedBy, ending: wasReset(socket) ? 'reset' : 'end' }
}

/**
 * The code of the first Close frame: 1005 for a frame without a code, which is what a browser's `close()` sends
 * (RFC 6455 §7.1.5); null where no Close frame was sent, and so no reason either.
 */
export function closeCodeOf ({ closeCode, closeReason }: Told<TunnelFact>): number | null {
  return closeCode ?? (typeof closeReason === 'string' ? 1005 : null)
}
