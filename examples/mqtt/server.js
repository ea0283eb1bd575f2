// How does MQTT reach a broker behind a proxy? Over a WebSocket with the sub-protocol mqtt, which passes as it is.
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { upstreamProxy } from '@fastify-arr/upstream-proxy'
import { Aedes } from 'aedes'
import Fastify from 'fastify'
import { WebSocketServer, createWebSocketStream } from 'ws'

// Your broker, on a port of its own: Mosquitto, EMQX, HiveMQ; here Aedes.
const broker = await Aedes.createBroker()
const http = createServer().listen(0, '127.0.0.1')
await once(http, 'listening')
const sockets = new WebSocketServer({ server: http, handleProtocols: offered => offered.has('mqtt') && 'mqtt' })
sockets.on('connection', (socket, request) => { broker.handle(createWebSocketStream(socket), request) })

const fastify = Fastify()
await fastify.register(upstreamProxy, { upstream: `http://127.0.0.1:${http.address().port}`, prefix: '/mqtt' })
fastify.get('/', async (_request, reply) => reply.type('text/html').send(await readFile(new URL('index.html', import.meta.url))))
fastify.get('/mqtt.js', async (_request, reply) => reply.type('text/javascript').send(await readFile(new URL(import.meta.resolve('mqtt/dist/mqtt.esm')))))
fastify.addHook('onClose', async () => {
  await new Promise(resolve => { broker.close(resolve) })
  sockets.close()
  http.close()
})

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => { fastify.close() })
console.log(await fastify.listen({ port: Number(process.env.PORT ?? 3000) }))
