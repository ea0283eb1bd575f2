// Routes of others at the proxy's own paths: whose is a request, and where do both orders of registration lead?
import { once } from 'node:events'
import http2 from 'node:http2'
import websocket from '@fastify/websocket'
import Fastify, { type FastifyInstance, type HTTPMethods } from 'fastify'
import t from 'tap'
import WebSocket from 'ws'
import upstreamProxy from '../src/index.ts'
import { ask } from './forward-subjects.ts'
import { asked, beside, folder, ORDERS, upgraded } from './neighbours.ts'
import { listen, proxy } from './parts.ts'
import { ask as extendedConnect } from './tunnel-subjects.ts'

const theirs = (path: string, method: HTTPMethods[] = ['GET', 'POST']) => (app: FastifyInstance) => {
  app.route({ method, url: path, handler: async () => 'theirs' })
}

for (const order of ORDERS) {
  for (const [path, prefix, requested] of [
    ['/', '/', '/'],
    ['/*', '/', '/x'],
    ['*', '/', '/x/y'],
    ['/app', '/app', '/app'],
    ['/app/', '/app', '/app/'],
    ['/app/*', '/app', '/app/x'],
    ['/app/', '/app/', '/app/'],
    ['/t/:id/*', '/t/:id', '/t/7/x'],
    ['/t/:name/*', '/t/:id', '/t/7/x']
  ] as const) {
    t.test(`a route at ${path}, declared ${order} a proxy of ${prefix}, keeps its methods; the others are proxied`, async t => {
      const { url } = await asked(t)
      const { port } = await beside(t, order, theirs(path), { upstream: url, prefix })
      for (const method of ['GET', 'POST']) t.match(await ask(port, { path: requested, method }), { status: 200, body: 'theirs' }, method)
      for (const method of ['PUT', 'OPTIONS', 'PROPFIND']) t.match(await ask(port, { path: requested, method }), { status: 200, body: 'upstream' }, method)
      const head = await ask(port, { path: requested, method: 'HEAD' })
      t.match([head.status, head.headers['x-name']], [200, undefined], 'Fastify adds HEAD to their GET')
    })
  }

  t.test(`a route without HEAD, declared ${order} the proxy, leaves HEAD to the proxy`, async t => {
    const { url, arrived } = await asked(t)
    const { port } = await beside(t, order, theirs('/*'), { upstream: url, methods: ['GET', 'HEAD'] }, { server: { exposeHeadRoutes: false } })
    t.match(await ask(port, { path: '/x' }), { body: 'theirs' })
    t.match(await ask(port, { path: '/x', method: 'HEAD' }), { headers: { 'x-name': 'upstream' } })
    t.same(arrived, ['HEAD /x'])
  })

  t.test(`what a wildcard declared ${order} the proxy finds nothing for is proxied, WebSockets too`, async t => {
    const { url, arrived } = await asked(t)
    for (const path of ['/*', '*']) {
      const { port } = await beside(t, order, app => app.get(path, folder), { upstream: url })
      t.match(await ask(port, { path: '/page' }), { status: 200, body: 'a page' })
      t.match(await ask(port, { path: '/x?y=1' }), { status: 200, body: 'upstream' })
      t.match(await ask(port, { path: '/' }), { status: 200, body: 'upstream' })
      t.match(await ask(port, { path: '/x', method: 'HEAD' }), { status: 200, headers: { 'x-name': 'upstream' } })
      t.same(await upgraded(port, '/socket'), [101, 'upstream'])
      t.same(await upgraded(port, '/page'), [101, 'upstream'], 'a page takes no WebSocket')
      t.same(arrived.splice(0), ['GET /x?y=1', 'GET /', 'HEAD /x', 'upgrade /socket', 'upgrade /page'])
    }
  })

  t.test(`a page at / that is declared ${order} the proxy leaves the WebSocket at / to it`, async t => {
    const { url } = await asked(t)
    const { port } = await beside(t, order, app => app.get('/', async () => 'home'), { upstream: url })
    t.match(await ask(port, { path: '/' }), { body: 'home' })
    t.same(await upgraded(port, '/'), [101, 'upstream'])
  })

  t.test(`over HTTP/2 as well, where the route is declared ${order} the proxy`, async t => {
    const { url } = await asked(t)
    const { app } = await beside(t, order, app => app.get('/*', folder), { upstream: url })
    const listener = http2.createServer({ settings: { enableConnectProtocol: true } }, app.routing as never)
    listener.on('connect', (request, response) => app.server.emit('connect', request, response))
    const session = http2.connect(`http://127.0.0.1:${await listen(t, listener as never)}`)
    session.on('error', () => {})
    t.teardown(() => session.destroy())
    await once(session, 'remoteSettings')
    for (const [send, name] of [
      [() => session.request({ ':path': '/page' }), undefined],
      [() => session.request({ ':path': '/x' }), 'upstream'],
      [() => extendedConnect(session, { ':path': '/x' }), 'upstream']
    ] as const) {
      const stream = send()
      const [headers] = await once(stream, 'response')
      t.match([headers[':status'], headers['x-name']], [200, name])
      stream.close()
    }
  })

  t.test(`a scope's own / declared ${order} a proxy of the scope's prefix keeps /api and /api/`, async t => {
    const { url } = await asked(t)
    const own = (app: FastifyInstance) => app.register(async scope => { scope.get('/', async () => 'theirs') }, { prefix: '/api' })
    for (const prefix of ['/api', '/api/']) {
      const { port } = await beside(t, order, own, { upstream: url, prefix })
      for (const path of ['/api', '/api/']) t.match(await ask(port, { path }), { status: 200, body: 'theirs' }, `${path} beside ${prefix}`)
      t.match(await ask(port, { path: '/api/x' }), { status: 200, body: 'upstream' })
    }
  })

  t.test(`a route of another scope, declared ${order} a proxy in a scope of its own`, async t => {
    const { url } = await asked(t)
    const app = Fastify()
    t.teardown(() => app.close())
    const others = async (): Promise<void> => {
      await app.register(async scope => { scope.get('/*', folder) })
      app.options('*', async () => 'theirs')
    }
    if (order === 'before') await others()
    await app.register(async outer => {
      await outer.register(async scope => {
        await scope.register(upstreamProxy, { upstream: url })
        scope.put('/*', async () => 'of the same scope')
      })
      outer.patch('/*', async () => 'of the outer scope')
    })
    if (order === 'after') await others()
    const port = Number(new URL(await app.listen({ port: 0, host: '127.0.0.1' })).port)
    for (const [path, method, body] of [
      ['/page', 'GET', 'a page'], ['/x', 'GET', 'upstream'], ['/x', 'OPTIONS', 'theirs'],
      ['/x', 'PUT', 'of the same scope'], ['/x', 'PATCH', 'of the outer scope'], ['/x', 'POST', 'upstream']
    ]) t.match(await ask(port, { path, method }), { status: 200, body }, `${method} ${path}`)
    t.same(await upgraded(port, '/x'), [101, 'upstream'])
  })

  t.test(`a parameter of a route declared ${order} the proxy is what it was without the proxy`, async t => {
    const { url } = await asked(t)
    const { port } = await beside(t, order, app => app.get('*', async ({ params }) => params), { upstream: url })
    t.same(JSON.parse((await ask(port, { path: '/x/y' })).body), { '*': '/x/y' })
  })

  t.test(`a body that a route declared ${order} the proxy has read is not proxied; one that nobody has read is`, async t => {
    const { url, arrived } = await asked(t)
    const { port } = await beside(t, order, app => app.post('/*', folder), { upstream: url })
    t.match(await ask(port, { path: '/x', method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' }), { status: 404 })
    t.match(await ask(port, { path: '/x', method: 'POST' }), { status: 200, body: 'upstream' })
    t.same(arrived, ['POST /x'])
  })

  t.test(`a 404 handler of the server's is for what is not the proxy's, with a folder declared ${order} it`, async t => {
    const { url } = await asked(t)
    const { port } = await beside(t, order, app => {
      app.setNotFoundHandler((_request, reply) => { reply.code(404).send('the server\'s') })
      app.get('/app/*', folder)
      app.get('/pages/*', folder)
    }, { upstream: url, prefix: '/app' })
    t.match(await ask(port, { path: '/app/x' }), { status: 200, body: 'upstream' })
    t.match(await ask(port, { path: '/pages/x' }), { status: 404, body: 'the server\'s' }, 'a folder elsewhere')
    t.match(await ask(port, { path: '/x' }), { status: 404, body: 'the server\'s' })
  })

  t.test(`methods that a proxy is not for do not fall through to it from a route declared ${order} it`, async t => {
    const { url, arrived } = await asked(t)
    const { port } = await beside(t, order, app => app.get('/*', folder), { upstream: url, methods: ['POST'] })
    t.match(await ask(port, { path: '/x' }), { status: 404 })
    t.same(await upgraded(port, '/x'), [404, undefined])
    t.same(arrived, [])
  })

  t.test(`with websocket: false an upgrade goes the way of a GET past a route declared ${order} the proxy`, async t => {
    const { url, arrived } = await asked(t)
    const { port } = await beside(t, order, app => app.get('/*', folder), { upstream: url, websocket: false })
    t.match(await ask(port, { path: '/x', headers: { connection: 'upgrade', upgrade: 'websocket' } }), { status: 200, body: 'upstream' })
    t.same(arrived, ['GET /x'])
  })
}

t.test('a WebSocket route of @fastify/websocket at the proxy\'s wildcard keeps its upgrades', async t => {
  const { url } = await asked(t)
  const { port } = await proxy(t, { upstream: url }, {
    after: async app => {
      await app.register(websocket)
      app.get('/*', { websocket: true }, socket => { socket.send('theirs') })
    }
  })
  const socket = new WebSocket(`ws://127.0.0.1:${port}/x`)
  t.equal(String((await once(socket, 'message'))[0]), 'theirs')
  socket.terminate()
  t.match(await ask(port, { path: '/x', method: 'PUT' }), { body: 'upstream' })
})

t.test('a server whose routes do not meet the proxy\'s gets no constraint', async t => {
  const { url } = await asked(t)
  const { app } = await proxy(t, { upstream: url }, { after: theirs('/own') })
  t.notOk(app.hasConstraintStrategy('aheadOfProxy'))
  const { app: shared } = await proxy(t, { upstream: url }, { after: theirs('/*') })
  t.ok(shared.hasConstraintStrategy('aheadOfProxy'))
})
