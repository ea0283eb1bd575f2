// A worker's program, for the tests: a proxy with the page.
import { monitor } from '@fastify-arr/monitor'
import { serverFarm } from '@fastify-arr/server-farm'
import { upstreamProxy } from '@fastify-arr/upstream-proxy'
import { urlRewrite } from '@fastify-arr/url-rewrite'
import { workers } from '@fastify-arr/workers'
import Fastify from 'fastify'

const [port = '', page = '', upstream = ''] = process.argv.slice(2)
const app = Fastify({ forceCloseConnections: true })
await app.register(monitor, { listen: { port: Number(page), host: '127.0.0.1' }, actions: true })
await app.register(workers, { linger: 100 })
await app.register(urlRewrite, { rules: [{ name: 'all', match: { url: '(.*)' }, action: { type: 'Rewrite', url: 'http://chat/{R:1}' } }] })
await app.register(serverFarm, { farms: [{ name: 'chat', servers: [{ address: '127.0.0.1', httpPort: Number(upstream) }] }] })
await app.register(upstreamProxy, { to: request => request.rewrite?.url })
await app.listen({ port: Number(port), host: '127.0.0.1' })
