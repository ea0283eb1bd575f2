// How does socket.io run on several servers? As a farm, whose affinity keeps each client with the server that knows its session.
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { serverFarm } from '@fastify-arr/server-farm'
import { upstreamProxy } from '@fastify-arr/upstream-proxy'
import Fastify from 'fastify'
import { Server } from 'socket.io'

/** One of your servers: it tells who it is, and what is said is heard by all clients of this server. */
async function chatServer (name) {
  const http = createServer()
  const sockets = new Server(http)
  sockets.on('connection', socket => {
    socket.emit('welcome', name)
    socket.on('say', text => { sockets.emit('said', { by: socket.id, server: name, text: String(text) }) })
  })
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  return { port: http.address().port, close: () => sockets.close() }
}

const servers = await Promise.all(['one', 'two', 'three'].map(chatServer))

const fastify = Fastify()
await fastify.register(serverFarm, {
  farms: [{
    name: 'chat',
    servers: servers.map(({ port }) => ({ address: '127.0.0.1', httpPort: port })),
    algorithm: 'weightedRoundRobin',
    // Browsers keep the cookie; other clients name themselves: io(url, { query: { client: id } }).
    affinity: { cookie: 'ARRAffinity', query: 'client' }
  }]
})
await fastify.register(upstreamProxy, { upstream: 'http://chat' })
fastify.get('/', async (_request, reply) => reply.type('text/html').send(await readFile(new URL('index.html', import.meta.url))))
fastify.addHook('onClose', async () => { for (const server of servers) await server.close() })

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => { fastify.close() })
console.log(await fastify.listen({ port: Number(process.env.PORT ?? 3000) }))
