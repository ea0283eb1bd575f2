// What do the views of WebSockets look at? A proxy before real servers, with real clients.
import { once } from 'node:events'
import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net'
import fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify'
import { upstreamProxy, type UpstreamProxyOptions } from '@fastify-arr/upstream-proxy'
import type { Test } from 'tap'
import WebSocket, { WebSocketServer, type ServerOptions } from 'ws'
import { RuleCounts } from '../src/views/configuration/rule-counts.ts'
import { RefusedHandshakes } from '../src/finding/records/refused.ts'
import { socketViews, type SocketViews } from '../src/views/socket-views.ts'

/** A clock that a test moves. */
export interface Clock {
  ahead: number
  now (): number
}

/** Date.now() of this process goes ahead as far as the test says, for the proxy and for the views. */
export function madeTime (t: Test): Clock {
  const { now } = Date
  const clock: Clock = { ahead: 0, now: () => now() + clock.ahead }
  Date.now = () => clock.now()
  t.teardown(() => { Date.now = now })
  return clock
}

export interface Proxied {
  readonly app: FastifyInstance
  readonly port: number
  readonly views: SocketViews
  readonly rules: RuleCounts
  readonly refused: RefusedHandshakes
}

/** A proxy with the views; `prepare` registers what stands before it. */
export async function proxied (t: Test, options: UpstreamProxyOptions, prepare: (app: FastifyInstance) => unknown = () => {}, server: FastifyServerOptions = {}): Promise<Proxied> {
  const app = fastify({ forceCloseConnections: true, ...server })
  await prepare(app)
  await app.register(upstreamProxy, { ...options, websocket: typeof options.websocket === 'object' ? { drain: { window: 0, deadline: 1 }, ...options.websocket } : { drain: { window: 0, deadline: 1 } } })
  const counts = { rules: new RuleCounts(), refused: new RefusedHandshakes() }
  const views = socketViews(app, counts)
  await app.listen({ port: 0, host: '127.0.0.1' })
  t.teardown(async () => {
    views.end()
    await app.close()
  })
  return { app, port: portOf(app.server), views, ...counts }
}

export interface Backend {
  readonly url: string
  readonly port: number
  readonly wss: WebSocketServer
}

/** A server that echoes. */
export async function backend (t: Test, options: ServerOptions = {}): Promise<Backend> {
  const wss = new WebSocketServer({ port: 0, host: '127.0.0.1', ...options })
  wss.on('connection', socket => {
    socket.on('error', () => {})
    socket.on('message', (message, binary) => socket.send(message, { binary }))
  })
  await once(wss, 'listening')
  t.teardown(() => {
    for (const client of wss.clients) client.terminate()
    wss.close()
  })
  const { port } = wss.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, port, wss }
}

/** An open WebSocket. */
export async function client (t: Test, port: number, path = '/', headers: Record<string, string> = {}, protocols: string[] = []): Promise<WebSocket> {
  const ws = new WebSocket(`ws://127.0.0.1:${port}${path}`, protocols, { headers })
  ws.on('error', () => {})
  t.teardown(() => ws.terminate())
  await once(ws, 'open')
  return ws
}

/** The status that a handshake is refused with. */
export async function refusal (port: number, path = '/', headers: Record<string, string> = {}): Promise<number> {
  const ws = new WebSocket(`ws://127.0.0.1:${port}${path}`, { headers })
  ws.on('error', () => {})
  const [, response] = await once(ws, 'unexpected-response') as [unknown, { statusCode: number, resume (): void }]
  response.resume()
  ws.terminate()
  return response.statusCode
}

export interface Box {
  readonly port: number
  /** Cuts all connections, as an idle time-out does. */
  cut (): void
}

/** A box between: it passes bytes, and cuts both sides when it is told. */
export async function box (t: Test, to: number): Promise<Box> {
  const sockets = new Set<Socket>()
  const server: Server = createServer(near => {
    const far = connect(to, '127.0.0.1')
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => { sockets.delete(socket) })
    }
    near.pipe(far)
    far.pipe(near)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const cut = (): void => { for (const socket of sockets) socket.destroy() }
  t.teardown(() => {
    cut()
    server.close()
  })
  return { port: portOf(server), cut }
}

export function portOf (server: { address (): unknown }): number {
  return (server.address() as AddressInfo).port
}

/** Looks again each turn until it holds. */
export async function eventually (holds: () => boolean, what: string): Promise<void> {
  const until = performance.now() + 10_000
  while (!holds()) {
    if (performance.now() > until) throw new Error(`not within 10 s: ${what}`)
    await new Promise(resolve => setTimeout(resolve, 2))
  }
}
