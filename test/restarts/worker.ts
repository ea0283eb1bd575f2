// A worker's program for the acceptance of restarts: the ports of http and https, the folder of the certificate and the upstream's port are its words.
import { listeners } from '@fastify-arr/listeners'
import { upstreamProxy } from '@fastify-arr/upstream-proxy'
import { workers } from '@fastify-arr/workers'
import Fastify, { LogController } from 'fastify'

const [httpPort = '', httpsPort = '', folder = '', upstream = ''] = process.argv.slice(2)
const app = Fastify({ logger: { level: 'warn', stream: process.stderr }, logController: new LogController({ disableRequestLogging: true }) })
await app.register(workers, { linger: 3000, goodbye: { window: 1000 } })
await app.register(listeners, { listeners: [{ port: Number(httpsPort), host: '127.0.0.1', https: true }], certificate: 'development', development: { folder } })
app.get('/generation', async () => String(app.workers.generation))
await app.register(upstreamProxy, { upstream: `http://127.0.0.1:${upstream}` })
await app.listen({ port: Number(httpPort), host: '127.0.0.1' })
