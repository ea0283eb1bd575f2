// A server that closes while handshakes wait for a server of a farm: they are refused because of that, and no upstream is blamed.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { serverFarm } from '@fastify-arr/server-farm'
import { upstreamProxy } from '@fastify-arr/upstream-proxy'
import Fastify, { type FastifyRequest } from 'fastify'
import t from 'tap'
import { WebSocket, WebSocketServer } from 'ws'

for (const order of ['the farms first', 'the proxy first']) {
  t.test(`what waits when the server closes is told so: ${order}`, async t => {
    const upstream = createServer()
    const sockets = new WebSocketServer({ server: upstream })
    upstream.listen(0, '127.0.0.1')
    await once(upstream, 'listening')
    t.teardown(() => {
      for (const socket of sockets.clients) socket.terminate()
      upstream.close()
    })
    const fastify = Fastify()
    t.teardown(() => fastify.close())
    const requests: FastifyRequest[] = []
    fastify.addHook('onRequest', async request => { requests.push(request) })
    const plugins = [
      () => fastify.register(serverFarm, {
        farms: [{ name: 'chat', servers: [{ address: '127.0.0.1', httpPort: (upstream.address() as AddressInfo).port }], limits: { tunnels: 1, wait: 60_000 } }]
      }),
      () => fastify.register(upstreamProxy, { upstream: 'http://chat' })
    ]
    for (const register of order === 'the farms first' ? plugins : plugins.reverse()) await register()
    await fastify.listen({ port: 0, host: '127.0.0.1' })
    const url = `ws://127.0.0.1:${(fastify.server.address() as AddressInfo).port}/`

    const open = new WebSocket(url)
    await once(open, 'open')
    const waiting = new WebSocket(url)
    waiting.on('error', () => {})
    const refused = once(waiting, 'unexpected-response')
    while (fastify.farms.get('chat')?.waiting !== 1) await new Promise(resolve => { setImmediate(resolve) })

    const closed = fastify.close()
    const [, response] = await refused
    t.match(response, { statusCode: 503, headers: { 'retry-after': '5' } })
    t.match(requests[1]?.upstream?.error, { code: 'FST_ARR_PROXY_DRAINING', side: 'proxy' })
    await closed
    t.match(fastify.farms.get('chat'), { waiting: 0, servers: [{ handshakes: 0, tunnels: 0 }] })
  })
}
