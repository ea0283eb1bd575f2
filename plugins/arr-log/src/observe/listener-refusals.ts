// Which clients did listeners or a proxy refuse before any hook could run?
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { IncomingMessage } from 'node:http'
import { CHANNELS, type ListenerRefusal, type RequestRefusal, type Told } from '@fastify-arr/facts'
import { plainAddress } from './connection.ts'
import { targetOf, type OnRejected, type Reason } from './rejected.ts'
import { markSeen } from './unrouted.ts'

/** HTTP.sys's reason phrases for the listeners' reasons; every other reason is `BadRequest`. */
const REASONS: Readonly<Record<string, Reason>> = { connections: 'ConnLimit', connectionsPerAddress: 'ConnLimit', headerSize: 'FieldLength' }

const TOLD_ON = [CHANNELS.listenerRefused, CHANNELS.requestRefused]

/** Reports what @fastify-arr/listeners and @fastify-arr/upstream-proxy refuse on behalf of a server. Returns a function that stops it. */
export function watchListenerRefusals (server: object, onRejected: OnRejected): () => void {
  for (const channel of TOLD_ON) subscribe(channel, onRefused)
  return () => { for (const channel of TOLD_ON) unsubscribe(channel, onRefused) }

  function onRefused (message: unknown): void {
    const { server: at, socket, address, reason, request, status = null } = message as Told<ListenerRefusal | RequestRefusal>
    if (at !== server) return
    // It reaches no hook, and is told of here: its answer is no second line.
    if (request !== undefined) markSeen(request as IncomingMessage)
    onRejected({
      at: Date.now(),
      clientIp: plainAddress(address),
      // Behind a load balancer the address is not the socket's, and the socket's port is the load balancer's.
      clientPort: socket?.remoteAddress === address ? socket?.remotePort ?? null : null,
      serverIp: plainAddress(socket?.localAddress),
      serverPort: socket?.localPort ?? null,
      // Node calls every protocol HTTP.
      version: request === undefined || reason === 'protocol' ? null : request.httpVersion === '2.0' ? 'HTTP/2' : `HTTP/${request.httpVersion}`,
      method: request?.method ?? null,
      uri: request === undefined ? null : targetOf(request),
      status,
      siteId: null,
      reason: REASONS[reason ?? ''] ?? 'BadRequest'
    })
  }
}
