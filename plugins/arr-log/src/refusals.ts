// What did a server's further listeners refuse, before the server could hear of it?
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'
import { plainAddress } from './connection.ts'
import type { Reason, Rejected } from './httperr.ts'

/** Where listeners tells of what it refuses by itself. */
const REFUSED = 'fastify-arr:listeners.refused'
/** HTTP.sys's words for its reasons. */
const REFUSALS: Readonly<Record<string, Reason>> = { connections: 'ConnLimit', connectionsPerAddress: 'ConnLimit', headerSize: 'FieldLength' }

interface Refusal {
  readonly server?: object
  readonly socket?: Socket
  readonly address?: string
  readonly reason?: string
  readonly request?: { readonly httpVersion?: string, readonly method?: string, readonly url?: string }
  readonly status?: number | null
}

/** Tells what was refused in a server's name. Returns a function that stops it. */
export function watchRefusals (server: object, tell: (rejected: Rejected) => void): () => void {
  subscribe(REFUSED, onRefused)
  return () => { unsubscribe(REFUSED, onRefused) }

  function onRefused (message: unknown): void {
    const { server: at, socket, address, reason = '', request, status = null } = message as Refusal
    if (at !== server) return
    tell({
      at: Date.now(),
      clientIp: plainAddress(address),
      // The socket's port is a load balancer's where the address is not its own.
      clientPort: socket?.remoteAddress === address ? socket?.remotePort ?? null : null,
      serverIp: plainAddress(socket?.localAddress),
      serverPort: socket?.localPort ?? null,
      version: request === undefined ? null : request.httpVersion === '2.0' ? 'HTTP/2' : `HTTP/${request.httpVersion}`,
      method: request?.method ?? null,
      uri: request?.url ?? null,
      status,
      siteId: null,
      reason: REFUSALS[reason] ?? 'BadRequest'
    })
  }
}
