// What is known about a tunnel when it opens?
import type { Flow, Side, TunnelFact, Upstream } from '@fastify-arr/facts'
import { isWebSocket } from '../../dispatch/protocols.ts'
import { valueOf } from '../handshake/answer-head.ts'
import type { Opened } from '../handshake/opened.ts'

/** The fact of a tunnel that has just opened. */
export function newFact (upstream: Upstream, http: '1.1' | '2', { head, protocol }: Opened): TunnelFact {
  const now = Date.now()
  return {
    id: upstream.logId,
    http,
    protocol,
    openedAt: now,
    handshakeTime: upstream.firstByteTime ?? 0,
    subprotocol: valueOf(head.headers, 'sec-websocket-protocol'),
    extensions: valueOf(head.headers, 'sec-websocket-extensions'),
    received: newFlow(now),
    sent: newFlow(now),
    lastActivity: now,
    // Only a WebSocket has frames that can be read.
    observed: isWebSocket(protocol),
    closedBy: null as Side | null,
    closeCode: null,
    closeReason: null,
    ending: null,
    limit: null
  }
}

function newFlow (now: number): Flow {
  return { bytes: 0, messages: 0, text: 0, binary: 0, pings: 0, pongs: 0, lastActivity: now }
}
