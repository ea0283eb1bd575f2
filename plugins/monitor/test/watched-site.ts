// A server that is watched, with a real proxy and a real upstream behind it.
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { upstreamProxy } from '@fastify-arr/upstream-proxy'
import Fastify, { type FastifyInstance } from 'fastify'
import type { Test } from 'tap'
import { WebSocket, WebSocketServer } from 'ws'
import { RefusedHandshakes } from '../src/finding/records/refused.ts'
import { gather, type GatheredViews } from '../src/gathering/gather.ts'
import { RuleCounts } from '../src/views/configuration/rule-counts.ts'
import type { Point } from '../src/messages/index.ts'

export const portOf = (server: Server | FastifyInstance['server']): number => (server.address() as AddressInfo).port

export interface WatchedSite {
  readonly app: FastifyInstance
  readonly port: number
  readonly views: GatheredViews
}

/** Gathers of a server, to which `prepare` adds what it wants before it listens. */
export async function watched (t: Test, app: FastifyInstance, prepare: (app: FastifyInstance) => unknown): Promise<WatchedSite> {
  const { views, end } = gather(app, { rules: new RuleCounts(), refused: new RefusedHandshakes() })
  app.addHook('onClose', async () => { end() })
  t.teardown(() => app.close())
  await prepare(app)
  await app.listen({ port: 0, host: '127.0.0.1' })
  return { app, port: portOf(app.server), views }
}

/** A watched proxy in front of an upstream that says `page`, and echoes in WebSockets. */
export async function proxySite (t: Test, prepare: (app: FastifyInstance) => unknown = () => {}): Promise<WatchedSite> {
  const server = createServer((request, response) => {
    if (request.url === '/never') return
    response.statusCode = request.url === '/missing' ? 404 : 200
    request.resume().on('end', () => { response.end('page') })
  })
  const sockets = new WebSocketServer({ server, verifyClient: ({ req }, done) => { done(req.url !== '/forbidden', 403) } })
  sockets.on('connection', socket => {
    socket.on('error', () => {})
    socket.on('message', (message, isBinary) => {
      if (String(message) === 'policy') socket.close(1008, 'no')
      else socket.send(message, { binary: isBinary })
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => { for (const client of sockets.clients) client.terminate(); server.close(); server.closeAllConnections() })
  return await watched(t, Fastify(), async app => {
    await prepare(app)
    await app.register(upstreamProxy, { to: request => request.url.startsWith('/nowhere') ? 'http://127.0.0.1:1/' : undefined, upstream: `http://127.0.0.1:${portOf(server)}` })
  })
}

export async function open (t: Test, port: number, path = '/'): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`)
  t.teardown(() => { socket.terminate() })
  socket.on('error', () => {})
  await once(socket, 'open')
  return socket
}

/** What was counted since the start, in whole seconds. */
export function sumOf (views: GatheredViews, name: Exclude<keyof Point, 'at' | 'p50' | 'p95' | 'p99' | 'open'>): number {
  return views.history().seconds[name].reduce((sum, value) => sum + value, 0)
}

/** Waits until it is so: a count is told when its second is over. */
export async function until (isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise(resolve => setTimeout(resolve, 10))
}
