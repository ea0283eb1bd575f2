// Do server-sent events come through a proxy as they are sent? Yes: each part of an answer is passed on when it arrives.
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { upstreamProxy } from '@fastify-arr/upstream-proxy'
import Fastify from 'fastify'

// Your server: GET listens, POST tells all who listen.
const listening = new Set()
let id = 0
const http = createServer(async (request, response) => {
  if (request.method === 'GET') {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' }).write('retry: 1000\n\n')
    listening.add(response)
    response.on('close', () => { listening.delete(response) })
    return
  }
  const text = Buffer.concat(await request.toArray()).toString()
  id++
  for (const one of listening) one.write(`id: ${id}\ndata: ${JSON.stringify(text)}\n\n`)
  response.writeHead(204).end()
}).listen(0, '127.0.0.1')
await once(http, 'listening')

// At the end of the server a stream's connection is idle only after closing has begun, and is waited for: 72 s by Fastify's default.
const fastify = Fastify({ keepAliveTimeout: 2000 })
await fastify.register(upstreamProxy, { upstream: `http://127.0.0.1:${http.address().port}`, prefix: '/events' })
fastify.get('/', async (_request, reply) => reply.type('text/html').send(await readFile(new URL('index.html', import.meta.url))))
// Streams have no end of their own, so closing would wait for them; EventSource comes back by itself.
fastify.addHook('preClose', async () => { for (const one of listening) one.end() })
fastify.addHook('onClose', async () => { http.close() })

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => { fastify.close() })
console.log(await fastify.listen({ port: Number(process.env.PORT ?? 3000) }))
