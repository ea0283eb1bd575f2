// A server that somebody already has: the official plugins beside a proxy of everything, and beside one by prefix, in both orders of registration.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import upstreamProxy from '@fastify-arr/upstream-proxy'
import Fastify from 'fastify'
import t, { type Test } from 'tap'
import { WebSocketServer } from 'ws'
import { LONG_ANSWER, NEIGHBOURS, type Neighbour, type Served } from './beside.ts'
import { converse } from './conversation.ts'

/** Tells the request it got, and sends back what a WebSocket says. */
async function startUpstream (t: Test): Promise<string> {
  const server = createServer((request, response) => {
    response.setHeader('content-type', 'text/plain')
    text(request).then(body => response.end(request.url === '/long' ? LONG_ANSWER : `${request.method} ${request.url} ${body}`), () => response.destroy())
  })
  const wss = new WebSocketServer({ server })
  wss.on('connection', (socket, request) => {
    socket.on('error', () => {})
    socket.on('message', message => { socket.send(`${request.url} ${String(message)}`) })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    for (const client of wss.clients) client.terminate()
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

type Order = 'before' | 'after'

async function serve (t: Test, neighbour: Neighbour, prefix: string, order: Order): Promise<Served> {
  const upstream = await startUpstream(t)
  const app = Fastify()
  t.teardown(() => app.close())
  if (order === 'before') await neighbour.register(app, t)
  await app.register(upstreamProxy, { upstream, prefix, rewritePrefix: '/', ...neighbour.options })
  if (order === 'after') await neighbour.register(app, t)
  const origin = await app.listen({ port: 0, host: '127.0.0.1' })
  return { app, origin, proxied: origin + (prefix === '/' ? '' : prefix) }
}

async function proxies (t: Test, { app, proxied }: Served, headers: Record<string, string>): Promise<void> {
  for (const [method, body] of [['GET', undefined], ['POST', 'some body'], ['PUT', 'some body'], ['DELETE', undefined]] as const) {
    const response = await fetch(`${proxied}/some/page?x=1`, { method, headers, ...(body !== undefined && { body }) })
    t.same([response.status, await response.text()], [200, `${method} /some/page?x=1 ${body ?? ''}`], method)
  }
  for (const path of ['/ws', '/']) {
    const heard = await converse(proxied.replace('http', 'ws') + path, { headers }, async ({ socket, next }) => {
      socket.send('hello')
      t.equal(await next(), `text:${path} hello`, `a WebSocket at ${path}`)
    })
    t.match(heard, { status: 101, code: 1000 })
  }
  const injected = await app.inject({ url: `${new URL(`${proxied}/injected`).pathname}`, headers })
  t.same([injected.statusCode, injected.body], [200, 'GET /injected '], 'inject')
}

for (const neighbour of NEIGHBOURS) {
  for (const prefix of ['/', '/app']) {
    for (const order of ['before', 'after'] as const) {
      const where = `${neighbour.name}, registered ${order} a proxy of ${prefix}`
      t.test(`${where}: pages and WebSockets are proxied, and the plugin works`, async t => {
        const served = await serve(t, neighbour, prefix, order)
        await proxies(t, served, neighbour.headers?.(served.app) ?? {})
        await neighbour.works(t, served)
      })

      if (neighbour.worksOnAnswers !== undefined && (order === 'before' || neighbour.forLaterRoutes !== true)) {
        t.test(`${where}: it works on proxied answers`, async t => {
          await neighbour.worksOnAnswers?.(t, await serve(t, neighbour, prefix, order))
        })
      }
    }
  }
}

t.test('two proxies by prefix and one of the rest beside a folder and CORS, with a WebSocket each', async t => {
  const upstream = await startUpstream(t)
  for (const order of ['before', 'after'] as const) {
    const app = Fastify()
    t.teardown(() => app.close())
    const others = async (): Promise<void> => {
      for (const { name, register } of NEIGHBOURS) if (/cors$|static with its/.test(name)) await register(app, t)
    }
    if (order === 'before') await others()
    for (const prefix of ['/a', '/b', '/']) await app.register(upstreamProxy, { upstream, prefix, rewritePrefix: prefix })
    if (order === 'after') await others()
    const origin = await app.listen({ port: 0, host: '127.0.0.1' })
    t.equal(await (await fetch(`${origin}/page.html`)).text(), 'a page')
    for (const path of ['/a/x', '/b/x', '/c/x']) {
      t.equal(await (await fetch(origin + path)).text(), `GET ${path} `)
      await converse(origin.replace('http', 'ws') + path, {}, async ({ socket, next }) => {
        socket.send('hello')
        t.equal(await next(), `text:${path} hello`)
      })
    }
  }
})
