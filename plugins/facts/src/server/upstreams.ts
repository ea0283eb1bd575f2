// Which connections for requests are there to which upstream? `fastify.upstreams`, written by upstream-proxy.

/** The connections of one pool to one server: a snapshot at the moment of reading. Several proxies have pools of their own, and so have farms with options of their own. */
export interface UpstreamPool {
  /** The origin, e.g. `http://localhost:8080`. */
  readonly server: string
  /** Connections that are open or being opened, idle ones included. WebSockets have theirs outside the pools. */
  readonly connections: number
  /** Those that serve nothing now. */
  readonly idle: number
  /** Requests that wait for a connection. */
  readonly waiting: number
}

/** `fastify.upstreams`: the pools of a server that have connections, or requests that wait. */
export type UpstreamsFact = Iterable<UpstreamPool>
