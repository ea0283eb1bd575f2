// Which requests were refused before any hook could run? Told on a channel.
import type { IncomingMessage } from 'node:http'
import type { Http2ServerRequest } from 'node:http2'
import type { Socket } from 'node:net'

/** What the channel `CHANNELS.requestRefused` carries: a request that no router has seen. */
export interface RequestRefusal {
  /** The server that it came in on. */
  readonly server: object
  readonly socket: Socket | Http2ServerRequest['socket']
  /** The client's. */
  readonly address: string | undefined
  /** `method`: CONNECT, or a method of HTTP/2 that no route can have. `protocol`: it is RTSP, ICE or another protocol that Node takes for HTTP. */
  readonly reason: 'method' | 'protocol'
  readonly request: IncomingMessage | Http2ServerRequest
  /** What it was answered. */
  readonly status: number
}
