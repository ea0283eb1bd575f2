// How does one server have many tenants? By host: each has its certificate, which SNI chooses, and its upstream.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { hostRouting } from '@fastify-arr/host-routing'
import { listeners } from '@fastify-arr/listeners'
import { upstreamProxy } from '@fastify-arr/upstream-proxy'
import Fastify from 'fastify'
import { generate } from 'selfsigned'
import { WebSocketServer } from 'ws'

/** One of your servers. */
async function startUpstream (text) {
  const http = createServer((_request, response) => { response.end(text) }).listen(0, '127.0.0.1')
  await once(http, 'listening')
  const sockets = new WebSocketServer({ server: http })
  sockets.on('connection', socket => { socket.send(text) })
  return { url: `http://127.0.0.1:${http.address().port}`, close () { sockets.close(); http.close() } }
}

/** Yours come from an authority, as files: `{ cert: 'shop.crt', key: 'shop.key' }`, which are read again when they change. */
async function certificateOf (host) {
  const { cert, private: key } = await generate([{ name: 'commonName', value: host }], {
    keyType: 'ec',
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: host }] }]
  })
  return { cert, key, hosts: [host] }
}

const hosts = ['red.localhost', 'green.localhost', 'blue.localhost']
const tenants = new Map(await Promise.all(hosts.map(async host => [host, { upstream: await startUpstream(`this is ${host}`), certificate: await certificateOf(host) }])))

const fastify = Fastify()
await fastify.register(listeners, {
  certificate: [...tenants.values()].map(({ certificate }) => certificate),
  listeners: [{ port: Number(process.env.HTTPS_PORT ?? 3443), https: { hosts } }]
})
await fastify.register(hostRouting, { sites: hosts.map(host => ({ name: host, hosts: [host], https: { redirect: true } })) })
await fastify.register(upstreamProxy, { to: request => tenants.get(request.site.name).upstream.url + request.raw.url })
fastify.addHook('onClose', async () => { for (const { upstream } of tenants.values()) upstream.close() })

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => { fastify.close() })
console.log(await fastify.listen({ port: Number(process.env.PORT ?? 3000) }))
for (const host of hosts) console.log(`https://${host}:${fastify.listeners.addresses[0].port}`)
