// Does hot reload work behind https? Yes: the page and the WebSocket of Vite's client come through the proxy, on one port.
import { upstreamProxy } from '@fastify-arr/upstream-proxy'
import { listeners } from '@fastify-arr/listeners'
import Fastify from 'fastify'
import { createServer } from 'vite'

// The development server, as `npx vite` starts it in your project.
const vite = await createServer({
  root: process.env.SITE ?? `${import.meta.dirname}/site`,
  configFile: false,
  server: { host: '127.0.0.1', port: 0 }
})
await vite.listen()
// Vite's own answer to SIGTERM ends the process before the proxy has closed.
process.removeAllListeners('SIGTERM')

const fastify = Fastify()
// The certificate is of an authority for this machine: `npx @fastify-arr/listeners` makes your browsers trust it.
await fastify.register(listeners, {
  certificate: 'development',
  development: { folder: process.env.CERTIFICATE_DIR ?? 'certificates' },
  listeners: [{ port: Number(process.env.HTTPS_PORT ?? 3443), https: true }]
})
// Vite compares Host and Origin with its own names: it gets those that the browser sent.
await fastify.register(upstreamProxy, { upstream: `http://127.0.0.1:${vite.httpServer.address().port}`, hostHeader: 'preserve' })
fastify.addHook('onClose', async () => { await vite.close() })

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => { fastify.close() })
await fastify.listen({ port: Number(process.env.PORT ?? 3000) })
for (const { url } of fastify.listeners.addresses) console.log(url)
