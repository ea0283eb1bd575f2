// One of three servers is killed with all its WebSockets, and its clients come back at once. No server sees more handshakes at a time
// than it may, nobody is refused, and all are connected again.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { serverFarm } from '@fastify-arr/server-farm'
import { upstreamProxy } from '@fastify-arr/upstream-proxy'
import Fastify from 'fastify'
import t from 'tap'
import { WebSocket, WebSocketServer } from 'ws'

const CLIENTS = 600
const MOST = 20

t.test('six hundred clients, and a limit of twenty handshakes a server', { timeout: 180_000 }, async t => {
  const servers = await Promise.all([1, 2, 3].map(async () => {
    const http = createServer()
    const sockets = new WebSocketServer({ noServer: true })
    const connections = new Set<Socket>()
    const seen = { now: 0, most: 0 }
    http.on('connection', socket => { connections.add(socket); socket.on('close', () => connections.delete(socket)) })
    http.on('upgrade', (request, socket, head) => {
      socket.on('error', () => {})
      seen.most = Math.max(seen.most, ++seen.now)
      // As long as a login takes.
      setTimeout(() => {
        seen.now--
        sockets.handleUpgrade(request, socket, head, client => { client.on('error', () => {}) })
      }, 5)
    })
    http.listen(0, '127.0.0.1')
    await once(http, 'listening')
    const kill = (): void => {
      http.close()
      for (const socket of connections) socket.resetAndDestroy()
    }
    t.teardown(kill)
    return { port: (http.address() as AddressInfo).port, seen, kill, sockets }
  }))

  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(serverFarm, {
    farms: [{
      name: 'chat',
      servers: servers.map(({ port }) => ({ address: '127.0.0.1', httpPort: port })),
      algorithm: 'leastTunnels',
      limits: { handshakes: MOST, wait: 60_000 },
      liveTraffic: { failures: 3, out: 60_000 }
    }]
  })
  await app.register(upstreamProxy, { upstream: 'http://chat' })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo

  const errors: string[] = []
  const open = { count: 0 }
  let leaving = false
  const clients = new Set<WebSocket>()
  t.teardown(() => { leaving = true; for (const client of clients) client.terminate() })
  const connect = (): void => {
    const client = new WebSocket(`ws://127.0.0.1:${port}/`)
    clients.add(client)
    let isOpen = false
    client.on('open', () => { isOpen = true; open.count++ })
    client.on('error', error => { errors.push(error.message) })
    client.on('close', () => {
      clients.delete(client)
      if (isOpen) open.count--
      // All at once, as clients do that know no better.
      if (!leaving) connect()
    })
  }
  const allOpen = async (): Promise<void> => { while (open.count < CLIENTS) await delay(10) }
  for (let i = 0; i < CLIENTS; i++) connect()
  await allOpen()
  const infos = () => app.farms.get('chat')?.servers ?? []
  t.strictSame(infos().map(({ tunnels }) => tunnels), [200, 200, 200], 'the tunnels are even')

  for (const { seen } of servers) seen.most = 0
  servers[0]?.kill()
  for (const end = performance.now() + 30_000; open.count === CLIENTS && performance.now() < end;) await delay(1)
  await allOpen()
  t.strictSame(errors, [])
  for (const { seen } of servers.slice(1)) t.ok(seen.most <= MOST, `${seen.most} handshakes at a time`)
  const left = infos().slice(1).map(({ tunnels }) => tunnels)
  t.equal(left[0]! + left[1]!, CLIENTS)
  t.ok(Math.abs(left[0]! - left[1]!) <= 1, `${left.join(' and ')}`)
  t.match(infos()[0], { healthy: false, tunnels: 0, handshakes: 0 })
})
