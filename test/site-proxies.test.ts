// Two proxies with the prefix `/` on one server, each for a site of host-routing.
import { hostRouting } from '@fastify-arr/host-routing'
import { upstreamProxy } from '@fastify-arr/upstream-proxy'
import { once } from 'node:events'
import { createServer, request } from 'node:http'
import Fastify from 'fastify'
import t, { type Test } from 'tap'
import { WebSocket, WebSocketServer } from 'ws'

/** An upstream that sends its name, as a page and as a WebSocket message. */
async function named (t: Test, name: string): Promise<string> {
  const server = createServer((_request, response) => response.end(name))
  const sockets = new WebSocketServer({ server })
  sockets.on('connection', socket => socket.send(name))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    for (const socket of sockets.clients) socket.terminate()
    server.close()
    server.closeAllConnections()
  })
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`
}

t.test('pages and WebSockets go to the proxy of their site', async t => {
  const fastify = Fastify()
  t.teardown(() => fastify.close())
  await fastify.register(hostRouting, { sites: [{ name: 'Shop', hosts: ['shop.example', '*.shop.example'] }, { name: 'Rest', hosts: ['*'] }] })
  const seen: Array<string | undefined> = []
  const preHandler = async (asked: { site: { name: string } | null }): Promise<void> => { seen.push(asked.site?.name) }
  await fastify.register(upstreamProxy, { upstream: await named(t, 'the shop'), constraints: { site: 'Shop' }, preHandler })
  await fastify.register(upstreamProxy, { upstream: await named(t, 'the rest'), preHandler })
  await fastify.listen({ port: 0, host: '127.0.0.1' })
  const { port } = fastify.server.address() as { port: number }

  for (const [host, name] of [['shop.example', 'the shop'], ['old.shop.example:8000', 'the shop'], ['other.example', 'the rest']] as const) {
    const [response] = await once(request({ port, host: '127.0.0.1', headers: { host }, agent: false }).end(), 'response')
    t.equal(String(await once(response, 'data')), name, host)
    const socket = new WebSocket(`ws://127.0.0.1:${port}/`, { headers: { host } })
    t.equal(String((await once(socket, 'message'))[0]), name, host)
    socket.terminate()
  }
  t.same(seen, ['Shop', 'Shop', 'Shop', 'Shop', 'Rest', 'Rest'])
})
