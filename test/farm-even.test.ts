// A thousand WebSockets through the proxy are spread evenly over four servers, though many are opened at a time.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { serverFarm } from '@fastify-arr/server-farm'
import { upstreamProxy } from '@fastify-arr/upstream-proxy'
import Fastify from 'fastify'
import t from 'tap'
import { WebSocket, WebSocketServer } from 'ws'

const CLIENTS = 1000
const AT_ONCE = 50

t.test('with leastTunnels, four servers have the same number of a thousand tunnels, but for one', { timeout: 240_000 }, async t => {
  const servers = await Promise.all([1, 2, 3, 4].map(async () => {
    const http = createServer()
    const sockets = new WebSocketServer({ server: http })
    sockets.on('connection', socket => { socket.on('error', () => {}) })
    http.listen(0, '127.0.0.1')
    await once(http, 'listening')
    t.teardown(() => {
      for (const socket of sockets.clients) socket.terminate()
      http.close()
    })
    return { port: (http.address() as AddressInfo).port, sockets }
  }))
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(serverFarm, {
    farms: [{ name: 'chat', servers: servers.map(({ port }) => ({ address: '127.0.0.1', httpPort: port })), algorithm: 'leastTunnels' }]
  })
  await app.register(upstreamProxy, { upstream: 'http://chat' })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const url = `ws://127.0.0.1:${(app.server.address() as AddressInfo).port}`

  const clients: WebSocket[] = []
  t.teardown(() => { for (const client of clients) client.terminate() })
  const open = async (): Promise<void> => {
    for (let left = CLIENTS / AT_ONCE; left > 0; left--) {
      const client = new WebSocket(url)
      clients.push(client)
      await once(client, 'open')
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, open))

  const told = app.farms.get('chat')?.servers.map(({ tunnels }) => tunnels) ?? []
  t.equal(told.reduce((sum, count) => sum + count, 0), CLIENTS)
  t.ok(Math.max(...told) - Math.min(...told) <= 1, `the farm counts ${told.join(', ')}`)
  t.strictSame(servers.map(({ sockets }) => sockets.clients.size), told, 'and the servers have as many')
})
