// Who was sent away before the server could hear of it? Those who listen on a diagnostics channel are told.

import { channel } from 'node:diagnostics_channel'
import type { IncomingMessage } from 'node:http'
import type { Http2ServerRequest } from 'node:http2'
import type { Socket } from 'node:net'

/** What is told, before its connection or stream is gone. */
export interface Refusal {
  /** The listener's name. */
  readonly listener: string
  /** The one server that the connection was for. */
  readonly server: object
  readonly socket: Socket | Http2ServerRequest['socket']
  /** The client's, which behind a load balancer is not the socket's own. */
  readonly address: string | undefined
  /** The limit that it was over, or what was not to be met: `expectation`, `method`. */
  readonly reason: 'connections' | 'connectionsPerAddress' | 'headerSize' | 'expectation' | 'method'
  /** The request, where it was one that Node itself tells nobody of. */
  readonly request?: IncomingMessage | Http2ServerRequest
  /** What it was answered; null where it was not. */
  readonly status?: number | null
}

const refused = channel('fastify-arr:listeners.refused')

export function tellRefusal (refusal: Refusal): void {
  if (refused.hasSubscribers) refused.publish(refusal)
}

/** Tells of a request that Node's own server tells nobody of. */
export function tellRefusedRequest (listener: string, server: object, request: IncomingMessage | Http2ServerRequest, reason: Refusal['reason'], status: number | null): void {
  const { socket } = request
  tellRefusal({ listener, server, socket, address: socket.remoteAddress, reason, request, status })
}
