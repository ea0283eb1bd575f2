// Which clients were refused before the server saw their request? They are published on a diagnostics channel.

import { channel } from 'node:diagnostics_channel'
import type { IncomingMessage } from 'node:http'
import type { Http2ServerRequest } from 'node:http2'
import { CHANNELS, type ListenerRefusal } from '@fastify-arr/facts'

const refused = channel(CHANNELS.listenerRefused)

/** Publishes a refusal; call it before the connection or stream is destroyed. */
export function publishRefusal (refusal: ListenerRefusal): void {
  if (refused.hasSubscribers) refused.publish(refusal)
}

/** Publishes the refusal of a request that causes no event on Node's server. */
export function publishRefusedRequest (listener: string, server: object, request: IncomingMessage | Http2ServerRequest, reason: ListenerRefusal['reason'], status: number | null): void {
  const { socket } = request
  publishRefusal({ listener, server, socket, address: socket.remoteAddress, reason, request, status })
}
