// Which WebSockets are open? `fastify.tunnels`, written by upstream-proxy.
import type { FastifyRequest } from 'fastify'
import type { Flow, TunnelFact } from './upstream.ts'

/** One open tunnel: a snapshot at the moment of reading. */
export interface OpenTunnel {
  readonly id: string
  /** The site that the request belongs to, or null where there are no sites. */
  readonly site: string | null
  /** The upstream's origin. */
  readonly upstream: string
  /** What the tunnel speaks, in lower case: `websocket`, `tcp`, `spdy/3.1`. */
  readonly protocol: string
  /** When it opened, ms since the epoch. */
  readonly since: number
  /** When bytes last passed, ms since the epoch; every frame counts, pings too. */
  readonly lastActivity: number
  readonly remoteAddress: string
  /** Client to upstream. */
  readonly received: Readonly<Flow>
  /** Upstream to client. */
  readonly sent: Readonly<Flow>
  /**
   * Sends a Close frame to both sides of a WebSocket (RFC 6455 §5.5.1); cuts a tunnel of another protocol. A tunnel that has not ended after the half-close timeout is cut. Defaults to code 1000 without a reason.
   *
   * @throws FST_ARR_PROXY_INVALID_CLOSE for a code that no endpoint may send (RFC 6455 §7.4).
   */
  close (code?: number, reason?: string): void
}

/** `fastify.tunnels`: the open tunnels of a server. */
export interface TunnelsFact extends Iterable<OpenTunnel> {
  readonly size: number
  /** The tunnel with this id, or undefined. */
  get (id: string): OpenTunnel | undefined
}

/** What the channels `CHANNELS.tunnelOpen` and `CHANNELS.tunnelClose` carry. The fact is final at the close. */
export interface TunnelMessage {
  readonly request: FastifyRequest
  readonly tunnel: TunnelFact
}
