import Fastify from 'fastify'
import { upstreamProxy } from './plugins/upstream-proxy/dist/index.js'
const [port, up] = process.argv.slice(2)
const app = Fastify({ forceCloseConnections: true })
await app.register(upstreamProxy, { upstream: `http://127.0.0.1:${up}`, websocket: true })
await app.listen({ port: Number(port), host: '127.0.0.1' })
process.on('SIGTERM', () => process.exit(0))
