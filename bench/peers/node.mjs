// One of the Node proxies, each as its README sets it up, with keep-alive to the upstream.
// Usage: node node.mjs NAME '{"port":…,"upstream":…,"addresses":[…],"workers":1,"backlog":4096,"tls":false,"key":…,"certificate":…}'
// Each process writes "listens" when it does.
import cluster from 'node:cluster'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import net from 'node:net'
import process from 'node:process'
import { inTurn } from './in-turn.mjs'

const [name, text] = process.argv.slice(2)
const { port, upstream, addresses, workers, backlog, tls, key, certificate } = JSON.parse(text)
const host = inTurn(addresses)
const target = `http://${host}:${upstream}`
const secure = tls ? { key: readFileSync(key), cert: readFileSync(certificate) } : null

const listen = onRequest => {
  const server = secure === null ? http.createServer(onRequest) : https.createServer(secure, onRequest)
  return server.listen(port, '127.0.0.1', backlog)
}
const agent = () => new http.Agent({ keepAlive: true, maxSockets: 256 })
const fastifyOptions = secure === null ? {} : { https: secure }

const PEERS = {
  async fastify () {
    const { default: Fastify } = await import('fastify')
    const app = Fastify(fastifyOptions)
    const page = Buffer.alloc(1024, 'x')
    app.get('/1k', (request, reply) => reply.type('text/plain').send(page))
    await app.listen({ port, host: '127.0.0.1', backlog })
    return app.server
  },

  // What any relay in Node pays that leaves the rest to Node's streams: nothing is read, parsed, looked up or told.
  async relay () {
    const settings = { allowHalfOpen: true, noDelay: true }
    return net.createServer(settings, client => {
      const server = net.connect({ ...settings, port: upstream, host })
      for (const [from, to] of [[client, server], [server, client]]) from.on('error', () => to.destroy()).pipe(to)
    }).listen(port, '127.0.0.1', backlog)
  },

  async 'fastify-http-proxy' () {
    const { default: Fastify } = await import('fastify')
    const { default: proxy } = await import('@fastify/http-proxy')
    const app = Fastify(fastifyOptions)
    app.register(proxy, { upstream: target, websocket: true })
    await app.listen({ port, host: '127.0.0.1', backlog })
    return app.server
  },

  async 'http-proxy' () {
    const { default: httpProxy } = await import('http-proxy')
    const proxy = httpProxy.createProxyServer({ target, agent: agent() })
    const tunnels = httpProxy.createProxyServer({ target, ws: true })
    for (const it of [proxy, tunnels]) it.on('error', () => {})
    return listen((request, response) => proxy.web(request, response))
      .on('upgrade', (request, socket, head) => tunnels.ws(request, socket, head))
  },

  async httpxy () {
    const { createProxyServer } = await import('httpxy')
    const proxy = createProxyServer({ target, agent: agent() })
    const tunnels = createProxyServer({ target, ws: true })
    for (const it of [proxy, tunnels]) it.on('error', () => {})
    return listen((request, response) => proxy.web(request, response).catch(() => {}))
      .on('upgrade', (request, socket, head) => tunnels.ws(request, socket, {}, head).catch(() => {}))
  },

  async 'fast-proxy' () {
    const { default: fastProxy } = await import('fast-proxy')
    const { proxy } = fastProxy({ base: target, maxSockets: 256 })
    return listen((request, response) => proxy(request, response, request.url, {}))
  },

  async 'fast-proxy-undici' () {
    const { default: fastProxy } = await import('fast-proxy')
    const { proxy } = fastProxy({ base: target, undici: { connections: 64, pipelining: 1 } })
    return listen((request, response) => proxy(request, response, request.url, {}))
  },

  async 'http-proxy-middleware' () {
    const { createProxyMiddleware } = await import('http-proxy-middleware')
    const pages = createProxyMiddleware({ target, agent: agent(), on: { error () {} } })
    const tunnels = createProxyMiddleware({ target, on: { error () {} } })
    return listen((request, response) => pages(request, response, () => response.writeHead(404).end()))
      .on('upgrade', tunnels.upgrade)
  }
}

// A client's reset must not end the peer: what it costs is the question here, not what it survives.
process.on('uncaughtException', () => {})
if (workers > 1 && cluster.isPrimary) {
  for (let worker = 0; worker < workers; worker++) cluster.fork()
} else {
  const server = await PEERS[name]()
  if (!server.listening) await once(server, 'listening')
  console.log('listens')
}
