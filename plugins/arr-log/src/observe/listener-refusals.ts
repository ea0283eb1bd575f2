// Which clients did the listeners refuse before the server received anything?
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { CHANNELS, type ListenerRefusal, type Told } from '@fastify-arr/facts'
import { plainAddress } from './connection.ts'
import type { OnRejected, Reason } from './rejected.ts'

/** HTTP.sys's reason phrases for the listeners' reasons; every other reason is `BadRequest`. */
const REASONS: Readonly<Record<string, Reason>> = { connections: 'ConnLimit', connectionsPerAddress: 'ConnLimit', headerSize: 'FieldLength' }

/** Reports what @fastify-arr/listeners refuses on behalf of a server. Returns a function that stops it. */
export function watchListenerRefusals (server: object, onRejected: OnRejected): () => void {
  subscribe(CHANNELS.listenerRefused, onRefused)
  return () => { unsubscribe(CHANNELS.listenerRefused, onRefused) }

  function onRefused (message: unknown): void {
    const { server: at, socket, address, reason, request, status = null } = message as Told<ListenerRefusal>
    if (at !== server) return
    onRejected({
      at: Date.now(),
      clientIp: plainAddress(address),
      // Behind a load balancer the address is not the socket's, and the socket's port is the load balancer's.
      clientPort: socket?.remoteAddress === address ? socket?.remotePort ?? null : null,
      serverIp: plainAddress(socket?.localAddress),
      serverPort: socket?.localPort ?? null,
      version: request === undefined ? null : request.httpVersion === '2.0' ? 'HTTP/2' : `HTTP/${request.httpVersion}`,
      method: request?.method ?? null,
      uri: request?.url ?? null,
      status,
      siteId: null,
      reason: REASONS[reason ?? ''] ?? 'BadRequest'
    })
  }
}
