// What is an upgrade while it is still a request? The request, marked with its socket and the bytes that followed the head.
import type { ServerHttp2Stream } from 'node:http2'
import type { Socket } from 'node:net'

/** A handshake on its way through Fastify's router and hooks. `protocols` are those that the client asks for, as it has written them. */
export type Upgrade = { readonly head: Buffer, readonly protocols: readonly string[] } & (
  | { readonly http: '1.1', readonly socket: Socket }
  | { readonly http: '2', readonly socket: ServerHttp2Stream }
)

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
