// Which requests were answered without any hook running?
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Server } from 'node:net'
import { isSeen, plainAddress } from './connection.ts'
import type { OnRejected } from './rejected.ts'

/** Node's diagnostics channel: published for each HTTP/1 request before anything else is done with it. */
const REQUEST_START = 'http.server.request.start'
/** A server that cannot be watched from outside names under this symbol the server that its requests are for. */
const LEADS_TO = Symbol.for('fastify-arr.leads-to')

// Requests that a server has received and that have reached no hook so far.
const unseen = new WeakSet<IncomingMessage>()

/** To be called when a request reaches the hooks, or has got its line otherwise. */
export function markSeen (raw: IncomingMessage): void {
  unseen.delete(raw)
}

/**
 * Reports requests that the router or a closing server answers by itself, and those that Node answers without emitting `request`.
 * Returns a function that stops it.
 */
export function watchUnrouted (server: Server, onRejected: OnRejected): () => void {
  subscribe(REQUEST_START, onStart)
  server.on('request', onRequest)
  return () => {
    unsubscribe(REQUEST_START, onStart)
    server.off('request', onRequest)
  }

  // Node answers a request without Host, or with an unknown Expect, before it emits `request`.
  function onStart (message: unknown): void {
    const { server: at, request, response } = message as { server: Server & { [LEADS_TO]?: Server }, request: IncomingMessage, response: ServerResponse }
    if ((at === server || at[LEADS_TO] === server) && (request.headers.host === undefined || request.headers.expect !== undefined)) onRequest(request, response)
  }

  function onRequest (raw: IncomingMessage, response: ServerResponse): void {
    if (isSeen(raw) || unseen.has(raw)) return
    unseen.add(raw)
    const { socket } = raw
    const clientIp = plainAddress(socket.remoteAddress)
    const clientPort = socket.remotePort ?? null
    const serverIp = plainAddress(socket.localAddress)
    const serverPort = socket.localPort ?? null
    response.once('close', () => {
      // Routing may be asynchronous (a constraint), so only at the close it is certain that no hook ran.
      if (!unseen.has(raw)) return
      const status = response.statusCode
      onRejected({
        at: Date.now(),
        clientIp,
        clientPort,
        serverIp,
        serverPort,
        version: raw.httpVersionMajor === 2 ? 'HTTP/2' : `HTTP/${raw.httpVersion}`,
        method: raw.method ?? null,
        uri: raw.url ?? null,
        status,
        siteId: null,
        reason: status === 503 ? 'Disabled' : 'BadRequest'
      })
    })
  }
}
