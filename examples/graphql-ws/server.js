// How do GraphQL subscriptions pass a proxy? As they are: the sub-protocol graphql-transport-ws is agreed between client and upstream.
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { upstreamProxy } from '@fastify-arr/upstream-proxy'
import Fastify from 'fastify'
import { buildSchema } from 'graphql'
import { useServer } from 'graphql-ws/use/ws'
import { WebSocketServer } from 'ws'

// Your GraphQL server, on a port of its own.
const schema = buildSchema(`
  type Query { hello: String! }
  type Subscription { countdown(from: Int!): Int! }
`)
async function * countdown ({ from }) {
  for (let count = from; count >= 0; count--) {
    yield { countdown: count }
    await pause(500)
  }
}
const http = createServer().listen(0, '127.0.0.1')
await once(http, 'listening')
const graphql = useServer({ schema, roots: { query: { hello: () => 'world' }, subscription: { countdown } } }, new WebSocketServer({ server: http, path: '/graphql' }))

const fastify = Fastify()
await fastify.register(upstreamProxy, { upstream: `http://127.0.0.1:${http.address().port}`, prefix: '/graphql', rewritePrefix: '/graphql' })
fastify.get('/', async (_request, reply) => reply.type('text/html').send(await readFile(new URL('index.html', import.meta.url))))
fastify.addHook('onClose', async () => {
  await graphql.dispose()
  http.close()
})

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => { fastify.close() })
console.log(await fastify.listen({ port: Number(process.env.PORT ?? 3000) }))
