// One dispatcher per server: each upgrade reaches exactly one owner, whatever other listeners there are and in whatever order they were registered.
import type { AddressInfo } from 'node:net'
import fastifyWebsocket from '@fastify/websocket'
import type { FastifyInstance } from 'fastify'
import { Server as SocketIo } from 'socket.io'
import { io } from 'socket.io-client'
import t, { type Test } from 'tap'
import WebSocket, { WebSocketServer } from 'ws'
import upstreamProxy from '../src/index.ts'
import { ask, echo, eventually, handshake, httpUpstream, proxy } from './parts.ts'

/** What the WebSocket at a URL says to `hello`, or how it was refused. */
async function hello (url: string): Promise<string> {
  const ws = new WebSocket(url)
  return new Promise(resolve => {
    ws.on('open', () => ws.send('hello'))
    ws.on('message', message => {
      resolve(String(message))
      ws.close()
    })
    ws.on('unexpected-response', (_, response) => {
      resolve(`refused ${response.statusCode}`)
      response.resume()
    })
    ws.on('close', code => resolve(`closed ${code}`))
    ws.on('error', error => resolve(`error ${error.message}`))
  })
}

async function local (app: FastifyInstance): Promise<void> {
  await app.register(fastifyWebsocket)
  await app.register(async scope => {
    scope.get('/local', { websocket: true }, socket => {
      socket.on('message', message => socket.send(`local ${String(message)}`))
    })
    scope.get('/api/local/:id', { websocket: true }, (socket, request) => {
      socket.on('message', message => socket.send(`${(request.params as { id: string }).id} ${String(message)}`))
    })
    scope.get('/page', async () => 'a page')
  })
}

async function warnings (t: Test, app: FastifyInstance): Promise<string[]> {
  const lines: string[] = []
  app.log.warn = ((...args: unknown[]) => { lines.push(String(args.at(-1))) }) as typeof app.log.warn
  t.teardown(() => {})
  return lines
}

for (const prefix of ['/', '/api'] as const) {
  for (const order of ['before', 'after'] as const) {
    t.test(`@fastify/websocket registered ${order} a proxy on ${prefix}`, async t => {
      const upstream = await echo(t)
      const { port, app } = await proxy(t, { upstream: upstream.url, prefix }, { [order]: local })
      const warned = await warnings(t, app)
      t.equal(await hello(`ws://127.0.0.1:${port}/local`), 'local hello')
      t.equal(await hello(`ws://127.0.0.1:${port}/api/local/7`), '7 hello')
      t.equal(await hello(`ws://127.0.0.1:${port}/api/other`), 'hello')
      t.equal(upstream.seen.length, 1)
      t.equal(await hello(`ws://127.0.0.1:${port}/elsewhere`), prefix === '/' ? 'hello' : 'refused 404')
      t.same(warned, [])
    })
  }
}

t.test('several proxies share one dispatcher', async t => {
  const one = await echo(t)
  const two = await echo(t)
  const { port, app } = await proxy(t, { upstream: one.url, prefix: '/one' }, {
    after: async app => {
      await app.register(upstreamProxy, { upstream: two.url, prefix: '/two' })
      await app.register(upstreamProxy, { upstream: two.url, prefix: '/t/:id/ws' })
    }
  })
  t.equal(await hello(`ws://127.0.0.1:${port}/one/x`), 'hello')
  t.equal(await hello(`ws://127.0.0.1:${port}/two/x`), 'hello')
  t.equal(await hello(`ws://127.0.0.1:${port}/t/7/ws`), 'hello')
  t.equal(await hello(`ws://127.0.0.1:${port}/three`), 'refused 404')
  t.equal(one.seen.length, 1)
  t.equal(two.seen.length, 2)
  await eventually(() => app.tunnels.size === 0, 'all are gone')
})

for (const beside of ['another proxy', 'another proxy and @fastify/websocket'] as const) {
  t.test(`what is asked of a proxy without WebSockets beside ${beside} is a plain request`, async t => {
    const upstream = await echo(t)
    const body = 'x'.repeat(3_000_000)
    const pages = await httpUpstream(t)
    pages.server.on('request', (request, response) => { response.end(`${request.headers.upgrade} ${body}`) })
    const { port, app, closed } = await proxy(t, { upstream: upstream.url, prefix: '/on' }, {
      before: async app => { if (beside !== 'another proxy') await app.register(fastifyWebsocket) },
      after: app => app.register(upstreamProxy, { upstream: pages.url, prefix: '/off', websocket: false })
    })
    const answer = await ask(t, port, handshake('/off/x'))
    t.match(answer.slice(0, 200), /^HTTP\/1\.1 200 OK\r\n[^]*\r\nConnection: close\r\n/)
    t.equal(answer.endsWith(`undefined ${body}\r\n0\r\n\r\n`) || answer.endsWith(`undefined ${body}`), true)
    t.match(await ask(t, port, handshake('/off/x', 'Content-Length: 5\r\n') + 'hello'), /^HTTP\/1\.1 400 /)
    t.equal(await hello(`ws://127.0.0.1:${port}/on/x`), 'hello')
    await eventually(() => closed.length === 3 && app.tunnels.size === 0, 'all are over')
    t.match(closed.map(upstream => upstream!.status), [200, null, 101])
  })
}

for (const order of ['before', 'after'] as const) {
  t.test(`a bare ws server attached ${order} the proxy gets what no route takes`, async t => {
    const upstream = await echo(t)
    const { port } = await proxy(t, { upstream: upstream.url, prefix: '/api' }, {
      [order]: (app: FastifyInstance) => {
        const wss = new WebSocketServer({ server: app.server, path: '/bare' })
        wss.on('connection', socket => socket.on('message', message => socket.send(`bare ${String(message)}`)))
        app.addHook('preClose', async () => { wss.close() })
      }
    })
    t.equal(await hello(`ws://127.0.0.1:${port}/bare`), 'bare hello')
    t.equal(await hello(`ws://127.0.0.1:${port}/api/x`), 'hello')
  })
}

for (const order of ['before', 'after'] as const) {
  t.test(`socket.io attached ${order} a proxy of everything keeps its own path`, async t => {
    const upstream = await echo(t)
    const { port } = await proxy(t, { upstream: upstream.url, localUpgrades: ['/socket.io/', '/bare'] }, {
      [order]: (app: FastifyInstance) => {
        const server = new SocketIo(app.server)
        server.on('connection', socket => socket.on('hello', answer => answer('socket.io')))
        app.addHook('preClose', async () => { server.disconnectSockets(true); server.engine.close() })
      }
    })
    const client = io(`http://127.0.0.1:${port}`, { transports: ['websocket'] })
    t.teardown(() => client.disconnect())
    t.equal(await client.timeout(10_000).emitWithAck('hello'), 'socket.io')
    t.equal(await hello(`ws://127.0.0.1:${port}/x`), 'hello')
    t.equal(await hello(`ws://127.0.0.1:${port}/barely`), 'hello', 'a local path is a whole segment')
    client.disconnect()
  })
}

t.test('an upgrade without an owner is answered, not left open', async t => {
  const { port } = await proxy(t, { upstream: 'http://127.0.0.1:1', prefix: '/api' })
  t.match(await ask(t, port, handshake('/none')), /^HTTP\/1\.1 404 /)
})

t.test('a listener that takes the request alone sees every upgrade and owns none', async t => {
  const upstream = await echo(t)
  const seen: Array<string | undefined> = []
  const { port, app } = await proxy(t, { upstream: upstream.url, prefix: '/api' })
  app.server.on('upgrade', request => { seen.push(request.url) })
  t.equal(await hello(`ws://127.0.0.1:${port}/api/x`), 'hello')
  t.equal(await hello(`ws://127.0.0.1:${port}/elsewhere`), 'refused 404')
  t.same(seen, ['/api/x', '/elsewhere'])
})

t.test('the events are the server\'s own again when the last proxy has closed', async t => {
  const { app } = await proxy(t, { upstream: 'http://127.0.0.1:1' })
  t.ok(Object.hasOwn(app.server, 'emit'))
  await app.close()
  t.notOk(Object.hasOwn(app.server, 'emit'))
})

t.test('a later wrapper around emit is left in place', async t => {
  const { app } = await proxy(t, { upstream: 'http://127.0.0.1:1' })
  const ours = app.server.emit
  const theirs = function (this: unknown, ...args: unknown[]): boolean { return Reflect.apply(ours, this, args) }
  app.server.emit = theirs as never
  await app.close()
  t.equal(app.server.emit, theirs)
  app.server.once('something', value => t.equal(value, 1))
  app.server.emit('something', 1)
})

t.test('an upgrade on the second address of localhost is dispatched too', async t => {
  const upstream = await echo(t)
  const { default: Fastify } = await import('fastify')
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(upstreamProxy, { upstream: upstream.url })
  await app.listen({ port: 0 })
  for (const { address, family, port } of app.addresses() as AddressInfo[]) {
    t.equal(await hello(`ws://${family === 'IPv6' ? `[${address}]` : address}:${port}/`), 'hello')
  }
})
