// Does a proxy go beside what a server has already? Yes: its routes, its WebSockets and its other plugins stay as they are.
import { once } from 'node:events'
import { createServer } from 'node:http'
import websocket from '@fastify/websocket'
import { upstreamProxy } from '@fastify-arr/upstream-proxy'
import Fastify from 'fastify'
import { WebSocketServer } from 'ws'

// The other server, on a port of its own.
const http = createServer((request, response) => { response.end(`the other server at ${request.url}`) }).listen(0, '127.0.0.1')
await once(http, 'listening')
const sockets = new WebSocketServer({ server: http })
sockets.on('connection', socket => {
  socket.send('the other server')
  socket.on('message', message => { socket.send(`the other server heard ${message}`) })
})

// Yours, as it was.
const fastify = Fastify()
await fastify.register(websocket)
fastify.get('/health', async () => ({ healthy: true }))
fastify.register(async own => {
  own.get('/own', { websocket: true }, socket => {
    socket.send('your own')
    socket.on('message', message => { socket.send(`your own heard ${message}`) })
  })
})

// The one line: everything else goes to the other server.
await fastify.register(upstreamProxy, { upstream: `http://127.0.0.1:${http.address().port}` })

fastify.addHook('onClose', async () => {
  sockets.close()
  http.close()
})

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => { fastify.close() })
console.log(await fastify.listen({ port: Number(process.env.PORT ?? 3000) }))
