// May this client open one more WebSocket? `webSocketsPerClient`: how many are open, and how fast handshakes come.
import { clientOf } from '../addresses/client.ts'
import { Clients } from '../addresses/clients.ts'
import { isOver, whenOver } from '../addresses/over.ts'
import type { CompilePart, Refusal } from '../filter/check.ts'
import { HandshakeRate } from './handshake-rate.ts'
import { isWebSocketsPerClient } from './options.ts'

const TOO_MANY = 429 // RFC 6585 §4

/** Compiles `webSocketsPerClient`. A client without a readable address, such as one of a unix socket, has no limit. */
export const webSocketsPerClient: CompilePart = (value, at, mistakes) => {
  if (value === undefined || value === false || !isWebSocketsPerClient(value, at, mistakes)) return null
  const { most = Infinity, handshakes } = value
  if (most === Infinity && handshakes === undefined) return null
  const clients = new Clients(handshakes?.per ?? 0)
  const rate = handshakes === undefined ? null : new HandshakeRate(clients, handshakes.most, handshakes.per)

  return ({ request, reply, isWebSocket }) => {
    if (!isWebSocket) return null
    const client = clientOf(request.ip as string | undefined)
    if (client === null) return null
    const now = performance.now()
    const row = clients.rowOf(client, now)
    const wait = rate === null ? 0 : rate.take(row, now)
    if (wait > 0) return { ...refusal('handshakeRate', request.ip), retryAfter: Math.ceil(wait / 1000) }
    if (clients.open(row) >= most) return refusal('webSocketsPerClient', request.ip)
    if (most !== Infinity && !isOver(reply)) {
      clients.hold(row)
      whenOver(reply, () => { clients.release(row) })
    }
    return null
  }
}

function refusal (reason: Refusal['reason'], detail: string): Refusal {
  return { reason, statusCode: TOO_MANY, subStatusCode: 0, detail }
}
