// What is an upgrade while it is still a request? The request, marked with its socket and the bytes that followed the head.
import type { IncomingMessage } from 'node:http'
import type { ServerHttp2Stream } from 'node:http2'
import type { Socket } from 'node:net'

/** A WebSocket's handshake on its way through Fastify's router and hooks. */
export type Upgrade =
  | { readonly http: '1.1', readonly socket: Socket, readonly head: Buffer }
  | { readonly http: '2', readonly socket: ServerHttp2Stream, readonly head: Buffer }

// A global symbol: several copies of this package share one dispatcher per server.
const UPGRADE = Symbol.for('@fastify-arr/upstream-proxy.upgrade')

type Marked = { [UPGRADE]?: Upgrade }

/** Marks a request as an upgrade. The dispatcher calls it before the router runs. */
export function mark (request: object, upgrade: Upgrade): void {
  (request as Marked)[UPGRADE] = upgrade
}

/** The upgrade that a request is marked with, or undefined where it is plain HTTP. */
export function upgradeOf (request: object): Upgrade | undefined {
  return (request as Marked)[UPGRADE]
}

/** True where a request asks for a WebSocket; `Upgrade` is a list of protocols, each with an optional version (RFC 9110 §7.8). */
export function asksForWebSocket (request: IncomingMessage): boolean {
  const upgrade = request.headers.upgrade
  if (upgrade === undefined) return false
  if (upgrade === 'websocket') return true
  return upgrade.split(',').some(protocol => protocol.trim().toLowerCase() === 'websocket')
}
