// How does an open tunnel move to another process? Told by upstream-proxy, sent by whoever starts the other process.
import type { Socket } from 'node:net'
import type { FastifyRequest } from 'fastify'

/** What one process tells another of a tunnel that moves: plain data, which JSON keeps. It is for the same version of upstream-proxy in both processes, or for one that says it can read it. */
export interface TunnelRecord {
  readonly version: number
  readonly id: string
  /** What upstream-proxy has to know. */
  readonly state: unknown
  /** What carriers have given, by their names. */
  readonly carried: Readonly<Record<string, unknown>>
}

/** Whoever keeps something for each tunnel that has to move with it, such as a log its line. */
export interface TunnelCarrier {
  /** The same in both processes. */
  readonly name: string
  /** In the old process, when the tunnel has left it: plain data; undefined for nothing. Here the exchange is over without an end: no line, no count. */
  give (request: FastifyRequest): unknown
  /** In the new process, when the tunnel is open in it, with what `give` gave. The request has facts, URL, headers and addresses, and no reply. */
  take (request: FastifyRequest, given: unknown): void
}

/** What became of the tunnels of a server at a hand-over. */
export interface HandOver {
  readonly moved: number
  /** Those that cannot move, such as one over TLS or HTTP/2: they go on here. */
  readonly stayed: number
}

/** Sends a tunnel to the other process; resolves once that has it. A rejection, or false, leaves it here. */
export type SendTunnel = (record: TunnelRecord, client: Socket, upstream: Socket) => Promise<boolean>
