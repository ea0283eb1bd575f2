// Which requests and connections did a server reject before any hook could run?
import type { AddressInfo, DropArgument, Server } from 'node:net'
import { watchClientErrors } from './client-errors.ts'
import { watchConnects } from './connects.ts'
import { plainAddress } from './connection.ts'
import { watchListenerRefusals } from './listener-refusals.ts'
import type { OnRejected } from './rejected.ts'
import { watchUnrouted } from './unrouted.ts'

/**
 * Reports what never becomes an exchange: unparsable requests, heads that do not arrive in time, connections dropped inside a request
 * or over `maxConnections`, and requests that Node, the router or a closing server answers. It observes only: each request is answered
 * as it is without the log. Returns a function that stops it.
 */
export function watchServer (server: Server, onRejected: OnRejected): () => void {
  const stops = [watchClientErrors(server, onRejected), watchListenerRefusals(server, onRejected), watchUnrouted(server, onRejected), watchConnects(server, onRejected), watchDrops(server, onRejected)]
  return () => { for (const stop of stops) stop() }
}

/** Reports connections over the server's `maxConnections`. */
function watchDrops (server: Server, onRejected: OnRejected): () => void {
  server.on('drop', onDrop)
  return () => { server.off('drop', onDrop) }

  function onDrop (drop?: DropArgument): void {
    const address = server.address() as AddressInfo | string | null
    onRejected({
      at: Date.now(),
      clientIp: plainAddress(drop?.remoteAddress),
      clientPort: drop?.remotePort ?? null,
      serverIp: plainAddress(drop?.localAddress),
      serverPort: drop?.localPort ?? (typeof address === 'object' ? address?.port ?? null : null),
      version: null,
      method: null,
      uri: null,
      status: null,
      siteId: null,
      reason: 'ConnLimit'
    })
  }
}
