// How does an open tunnel move to another process? Told by upstream-proxy, sent by whoever starts the other process.
import type { Socket } from 'node:net'
import type { FastifyRequest } from 'fastify'

/** What one process tells another of a tunnel that moves: plain data, which JSON keeps. It has the request's headers, credentials included: it is for no log. */
export interface TunnelRecord {
  /** That of the record; a process refuses one that it does not know. */
  readonly version: number
  readonly id: string
  /** What upstream-proxy has to know. */
  readonly state: unknown
  /** What carriers have given, by their names. */
  readonly carried: Readonly<Record<string, unknown>>
}

/**
 * Whoever keeps something for each tunnel that has to move with it, such as a log its line. What a carrier throws is logged, and
 * the tunnel moves without it.
 */
export interface TunnelCarrier {
  /** The same in both processes. Of several carriers with one name in a server, each gets what the one at its place in the order has given. */
  readonly name: string
  /**
   * In the old process, just before the tunnel is sent: plain data; undefined for nothing. Must change nothing, because the tunnel may yet stay.
   * The request is as the exchange's last pass through the router left it or, in a second move, the one that `take` got.
   */
  give (request: FastifyRequest): unknown
  /** Where it is there, in the old process: the other one has the tunnel. Here the exchange is over without an end: no line, no count. Its sockets close after it. */
  left? (request: FastifyRequest): void
  /**
   * In the new process, before a byte passes, with what `give` gave; undefined where it gave nothing. The request has facts, URL, headers and
   * addresses, and no reply.
   */
  take (request: FastifyRequest, given: unknown): void
  /** Where it is there, in the new process: both sockets of a tunnel that was taken have closed, and the fact is final. Not for one that moves on. */
  ended? (request: FastifyRequest): void
}

/** What became of the tunnels of a server at a hand-over. */
export interface HandOver {
  readonly moved: number
  /** Those that cannot move, such as one over TLS or HTTP/2: they go on here. */
  readonly stayed: number
}

/**
 * Sends a tunnel to the other process; resolves with true once that has adopted it. A rejection, or false, leaves it here: then the other process
 * must not have adopted it. Both sockets must stay open here until then: with `subprocess.send` or `process.send` that is the option `keepOpen`.
 */
export type SendTunnel = (record: TunnelRecord, client: Socket, upstream: Socket) => Promise<boolean>
