// Which hooks run before the proxy takes a request, and which requests it takes: for HTTP and WebSockets, over HTTP/1.1 and HTTP/2.
import { once } from 'node:events'
import http2, { type ClientHttp2Session, type IncomingHttpHeaders } from 'node:http2'
import { Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import type { FastifyReply, FastifyRequest, preHandlerHookHandler } from 'fastify'
import t, { type Test } from 'tap'
import WebSocket from 'ws'
import upstreamProxy, { type UpstreamProxyOptions } from '../src/index.ts'
import { ask as askPage, talk, upstream } from './forward-subjects.ts'
import { echo, eventually, handshake, httpUpstream, listen, proxy } from './parts.ts'
import { ask as extendedConnect, switchFor } from './tunnel-subjects.ts'

interface Asked {
  readonly url: string
  /** The requests that arrived, e.g. `GET /x`. */
  readonly arrived: string[]
}

/** An upstream for HTTP and WebSockets that records its requests. */
async function asked (t: Test, name = 'the upstream'): Promise<Asked> {
  const arrived: string[] = []
  const { server, url } = await httpUpstream(t, (request, socket) => {
    arrived.push(`${request.method} ${request.url}`)
    socket.on('error', () => {})
    socket.on('end', () => socket.end())
    socket.resume()
    socket.write(switchFor(`Sec-WebSocket-Key: ${request.headers['sec-websocket-key']}\r\n`, `X-Name: ${name}\r\n`))
  })
  server.on('request', (request, response) => {
    arrived.push(`${request.method} ${request.url}`)
    response.setHeader('x-name', name).end(name)
  })
  return { url, arrived }
}

/** One request in each of the four ways; the statuses, and the headers that came with them. */
async function fourWays (t: Test, options: UpstreamProxyOptions, headers: Record<string, string> = {}): Promise<{ statuses: number[], headers: IncomingHttpHeaders[] }> {
  const { port, app } = await proxy(t, options)
  const listener = http2.createServer({ settings: { enableConnectProtocol: true } }, app.routing as never)
  listener.on('connect', (request, response) => { if (!app.server.emit('connect', request, response)) response.writeHead(405).end() })
  const session = await connected(t, await listen(t, listener as never))

  const page = await askPage(port, { path: '/page', headers })
  const socket = new WebSocket(`ws://127.0.0.1:${port}/socket`, { headers })
  socket.on('error', () => {})
  const upgraded = await Promise.race([once(socket, 'upgrade').then(([response]) => response), once(socket, 'unexpected-response').then(([, response]) => response)])
  socket.terminate()
  const found = [page, { status: upgraded.statusCode, headers: upgraded.headers }]
  for (const stream of [session.request({ ':path': '/page', ...headers }), extendedConnect(session, { ':path': '/socket', ...headers })]) {
    stream.on('error', () => {})
    const [answer] = await once(stream, 'response') as [IncomingHttpHeaders]
    stream.close()
    found.push({ status: Number(answer[':status']), headers: answer as never })
  }
  return { statuses: found.map(({ status }) => status), headers: found.map(({ headers }) => headers as IncomingHttpHeaders) }
}

async function connected (t: Test, port: number): Promise<ClientHttp2Session> {
  const session = http2.connect(`http://127.0.0.1:${port}`)
  session.on('error', () => {})
  t.teardown(() => session.destroy())
  await once(session, 'remoteSettings')
  return session
}

const HOOKS = ['onRequest', 'preValidation', 'preHandler'] as const

const roleOf = ({ routeOptions }: FastifyRequest): string => (routeOptions.config as { role?: string }).role ?? 'none'

class Unauthorized extends Error {
  readonly statusCode = 401
}

const login = (request: FastifyRequest): boolean => request.headers.authorization === 'Basic me'
const WAYS: Record<string, UpstreamProxyOptions['preHandler']> = {
  'with a callback, by the reply': (request, reply, done) => {
    if (login(request)) done()
    else reply.code(401).send('who is it?')
  },
  'with a callback, by an error': (request, _reply, done) => { done(login(request) ? undefined : new Unauthorized('who is it?')) },
  'async, by the reply': async (request, reply) => { if (!login(request)) return reply.code(401).send('who is it?') },
  'async, by an error': async request => { if (!login(request)) throw new Unauthorized('who is it?') },
  'as one of a list': [async () => {}, (request, reply, done) => {
    if (login(request)) done()
    else reply.code(401).send('who is it?')
  }]
}

for (const hook of HOOKS) {
  for (const [way, refuses] of Object.entries(WAYS)) {
    t.test(`the option ${hook} refuses ${way}: the client gets its 401, and no upstream is asked`, async t => {
      const { url, arrived } = await asked(t)
      const options = { upstream: url, [hook]: refuses }
      t.same((await fourWays(t, options)).statuses, [401, 401, 401, 401])
      t.same(arrived, [])
      t.same((await fourWays(t, options, { authorization: 'Basic me' })).statuses, [200, 101, 200, 200])
      t.same(arrived, ['GET /page', 'GET /socket', 'GET /page', 'GET /socket'])
    })
  }
}

t.test('a preHandler that throws is a 500, for a WebSocket as well', async t => {
  const { url, arrived } = await asked(t)
  for (const preHandler of [async () => { throw new Error('no') }, () => { throw new Error('no') }]) {
    t.same((await fourWays(t, { upstream: url, preHandler })).statuses, [500, 500, 500, 500])
  }
  t.same(arrived, [])
})

t.test('what a preHandler sets on the reply reaches the client, on the 101 too', async t => {
  const { url } = await asked(t)
  const { statuses, headers } = await fourWays(t, { upstream: url, preHandler: async (_, reply) => { reply.header('set-cookie', 'session=1') } })
  t.same(statuses, [200, 101, 200, 200])
  t.same(headers.map(headers => headers['set-cookie']), [['session=1'], ['session=1'], ['session=1'], ['session=1']])
})

t.test('a refused WebSocket over HTTP/2 is closed by the server, though its client does not end the stream', async t => {
  const { url } = await asked(t)
  const { app, closed } = await proxy(t, { upstream: url, preHandler: async (_, reply) => reply.code(401).send() })
  const listener = http2.createServer({ settings: { enableConnectProtocol: true } }, app.routing as never)
  listener.on('connect', (request, response) => app.server.emit('connect', request, response))
  const stream = extendedConnect(await connected(t, await listen(t, listener as never)), { ':path': '/' })
  stream.on('error', () => {})
  const [headers] = await once(stream, 'response')
  t.equal(headers[':status'], 401)
  stream.resume()
  await eventually(() => closed.length === 1, 'the response closes')
})

t.test('hooks run in Fastify\'s order, behind those of the server, and see the route', async t => {
  const { url } = await asked(t)
  const order: string[] = []
  const seen: unknown[] = []
  const told = (name: string) => async (request: FastifyRequest) => {
    order.push(name)
    seen.push([request.params, roleOf(request), request.upstream])
  }
  const { port } = await proxy(t, {
    upstream: url,
    prefix: '/t/:id',
    config: { role: 'admin' },
    onRequest: [told('onRequest 1'), told('onRequest 2')],
    preValidation: told('preValidation'),
    preHandler: [told('preHandler 1'), told('preHandler 2')]
  }, {
    after: app => { for (const hook of HOOKS) app.addHook(hook, async request => { order.push(`server's ${hook} ${roleOf(request)}`) }) }
  })
  const expected = ['server\'s onRequest admin', 'onRequest 1', 'onRequest 2', 'server\'s preValidation admin', 'preValidation', 'server\'s preHandler admin', 'preHandler 1', 'preHandler 2']
  t.match(await askPage(port, { path: '/t/7/x' }), { status: 200 })
  t.same(order.splice(0), expected)
  t.same(seen.splice(0), Array(5).fill([{ id: '7', '*': 'x' }, 'admin', null]))
  const socket = new WebSocket(`ws://127.0.0.1:${port}/t/7/x`)
  await once(socket, 'open')
  socket.terminate()
  t.same(order, expected)
  t.same(seen, Array(5).fill([{ id: '7', '*': 'x' }, 'admin', null]))
})

t.test('a preHandler that another plugin puts on every route runs before an upstream is asked as well', async t => {
  const { url, arrived } = await asked(t)
  const refuse: preHandlerHookHandler = (_request, reply) => { reply.code(401).send() }
  const { port } = await proxy(t, { upstream: url }, {
    before: app => { app.addHook('onRoute', route => { route.preHandler = [route.preHandler ?? [], refuse].flat() }) }
  })
  t.match(await askPage(port), { status: 401 })
  t.match(await talk(port, handshake(), /\r\n\r\n/), /^HTTP\/1\.1 401 /)
  t.same(arrived, [])
})

t.test('a preHandler that has read the body has taken it', async t => {
  const { url, arrived } = await asked(t)
  const { port } = await proxy(t, { upstream: url, preHandler: async request => { await text(request.raw) } })
  const answer = await askPage(port, { method: 'POST', body: 'some body' })
  t.match([answer.status, JSON.parse(answer.body)], [500, { code: 'FST_ARR_PROXY_BODY_TAKEN' }])
  t.same(arrived, [])
})

t.test('two proxies of everything are told apart by their constraints, WebSockets included', async t => {
  const a = await asked(t, 'a')
  const b = await asked(t, 'b')
  const { port, app } = await proxy(t, { upstream: a.url, constraints: { host: 'a.example' } }, {
    after: app => app.register(upstreamProxy, { upstream: b.url, constraints: { host: /^b\d?\.example$/ } })
  })
  const listener = http2.createServer({ settings: { enableConnectProtocol: true } }, app.routing as never)
  listener.on('connect', (request, response) => app.server.emit('connect', request, response))
  const session = await connected(t, await listen(t, listener as never))

  for (const [host, name] of [['a.example', 'a'], ['b.example', 'b'], ['b2.example', 'b'], ['c.example', undefined]] as const) {
    const status = name === undefined ? 404 : 200
    t.match(await askPage(port, { path: '/x', headers: { host } }), { status, headers: { 'x-name': name } })
    const head = await talk(port, handshake('/x').replace('example.com', host), /\r\n\r\n/)
    if (name === undefined) t.match(head, /^HTTP\/1\.1 404 /)
    else t.match(head, new RegExp(`^HTTP/1\\.1 101 [^]*X-Name: ${name}\r\n`))
    const page = session.request({ ':path': '/x', ':authority': host })
    t.match(await once(page, 'response'), [{ ':status': status, 'x-name': name }])
    page.close()
    const socket = extendedConnect(session, { ':path': '/x', ':authority': host })
    t.match(await once(socket, 'response'), [{ ':status': status, 'x-name': name }])
    socket.close()
  }
  t.same([a.arrived.length, b.arrived.length], [4, 8])
})

t.test('TRACE is a 405 with Allow, whatever it came by, and no upstream hears of it', async t => {
  const { url, arrived } = await asked(t)
  const { port, app, requests } = await proxy(t, { upstream: url })
  const answer = await askPage(port, { path: '/x', method: 'TRACE', headers: { 'max-forwards': '0' } })
  t.match(answer, { status: 405, headers: { allow: /^(?!.*TRACE)(?!.*CONNECT).*\bGET, .*\bPROPFIND, / } })
  t.match(JSON.parse(answer.body), { statusCode: 405, code: 'FST_ARR_PROXY_METHOD_NOT_ALLOWED' })
  t.match(await askPage(port, { path: '/x', method: 'TRACE', headers: { accept: 'text/html' } }), { status: 405, headers: { allow: /GET/ }, body: /<h1>405 Method Not Allowed/ })
  t.match(await talk(port, handshake('/ws').replace('GET', 'TRACE')), /^HTTP\/1\.1 405 [^]*\r\nallow: /)
  t.match(await talk(port, 'TRACE /x HTTP/1.0\r\n\r\n'), /^HTTP\/1\.1 405 /)
  const listener = http2.createServer(app.routing as never)
  const session = await connected(t, await listen(t, listener as never))
  const stream = session.request({ ':path': '/x', ':method': 'TRACE' })
  const [headers] = await once(stream, 'response') as [IncomingHttpHeaders]
  stream.close()
  t.match(headers, { ':status': 405, allow: /GET/ })
  t.same(arrived, [])
  t.same(requests.map(({ upstream }) => upstream), [null, null, null, null, null])

  const own = await proxy(t, { upstream: url }, { before: app => app.setErrorHandler((error: { code: string }, _request, reply) => reply.code(405).send(`own: ${error.code}`)) })
  t.match(await askPage(own.port, { method: 'TRACE' }), { headers: { allow: /GET/ }, body: 'own: FST_ARR_PROXY_METHOD_NOT_ALLOWED' }, 'and with an error handler of the user\'s')
})

t.test('`methods` may name TRACE', async t => {
  const { url, arrived } = await asked(t)
  const { port } = await proxy(t, { upstream: url, methods: ['get', 'trace'] })
  t.match(await askPage(port, { path: '/x', method: 'TRACE' }), { status: 200, body: 'the upstream' })
  t.same(arrived, ['TRACE /x'])
})

t.test('only the methods that are named are proxied; GET brings HEAD along, and a WebSocket is a GET', async t => {
  const { url, arrived } = await asked(t)
  const { port, app } = await proxy(t, { upstream: url, prefix: '/app', methods: ['get', 'PROPFIND'] }, {
    after: app => app.register(upstreamProxy, { upstream: url, prefix: '/posts', methods: ['POST'] })
  })
  const statuses = async (path: string) => Promise.all(['GET', 'HEAD', 'PROPFIND', 'POST', 'TRACE'].map(async method => (await askPage(port, { path, method })).status))
  t.same(await statuses('/app/x'), [200, 200, 200, 404, 404])
  t.same(await statuses('/posts/x'), [404, 404, 404, 200, 404])
  t.match(await talk(port, handshake('/app/ws'), /\r\n\r\n/), /^HTTP\/1\.1 101 /)
  t.match(await talk(port, handshake('/posts/ws'), /\r\n\r\n/), /^HTTP\/1\.1 404 /)
  t.same(arrived.sort(), ['GET /ws', 'GET /x', 'HEAD /x', 'POST /x', 'PROPFIND /x'])
  t.notOk(app.supportedMethods.includes('LOCK'), 'the server learns no method that is not proxied')
})

t.test('`logLevel` is for the requests of the proxy, `logSerializers` too', async t => {
  const url = await upstream(t, (_, response) => response.end())
  const lines: Array<Record<string, unknown>> = []
  const stream = new Writable({ write (line, _encoding, done) { lines.push(JSON.parse(String(line))); done() } })
  const hook = async (request: FastifyRequest): Promise<void> => {
    request.log.info({ thing: 1 }, 'info')
    request.log.warn({ thing: 1 }, 'warn')
  }
  const { port } = await proxy(t, { upstream: url, logLevel: 'warn', preHandler: hook, ...{ logSerializers: { thing: () => 'serialized' } } }, {
    server: { logger: { level: 'info', stream } },
    after: app => app.get('/own', { preHandler: hook }, async (_request: FastifyRequest, reply: FastifyReply) => reply.send())
  })
  await askPage(port, { path: '/own' })
  t.same(lines.filter(({ msg }) => msg === 'info' || msg === 'warn').map(({ msg, thing }) => [msg, thing]), [['info', 1], ['warn', 1]])
  lines.length = 0
  await askPage(port, { path: '/x' })
  t.same(lines.map(({ msg, thing }) => [msg, thing]), [['warn', 'serialized']])
})

t.test('in a scope with a prefix the proxy has the prefix itself, with a slash behind it and without', async t => {
  const { url, arrived } = await asked(t)
  const { port } = await proxy(t, { upstream: url, prefix: '/elsewhere' }, {
    after: async app => {
      await app.register(async scope => { await scope.register(upstreamProxy, { upstream: url }) }, { prefix: '/api' })
      await app.register(async scope => { await scope.register(upstreamProxy, { upstream: url, prefix: '/' }) }, { prefix: '/v1' })
    }
  })
  for (const path of ['/api', '/api?x=1', '/api/', '/api/x', '/v1', '/v1?x=1', '/v1/', '/v1/x']) t.match(await askPage(port, { path }), { status: 200 }, path)
  t.same(arrived.splice(0), ['GET /', 'GET /?x=1', 'GET /', 'GET /x', 'GET /', 'GET /?x=1', 'GET /', 'GET /x'])
  t.match(await talk(port, handshake('/api'), /\r\n\r\n/), /^HTTP\/1\.1 101 /)
  t.match(await askPage(port, { path: '/apix' }), { status: 404 })
})

t.test('an empty list is no hook', async t => {
  const upstream = await echo(t)
  const { port } = await proxy(t, { upstream: upstream.url, onRequest: [], preValidation: [], preHandler: [] })
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`)
  await once(socket, 'open')
  socket.terminate()
})

for (const [what, options, message] of [
  ['a hook that is no function', { preHandler: 'checkUser', onRequest: [1], preValidation: null }, /`onRequest` must be a function, or a list of functions; `preValidation` must.*; `preHandler` must/],
  ['an async hook with a callback', { preHandler: async (_request: unknown, _reply: unknown, _done: unknown) => {} }, /`preHandler` must be async or take a callback, not both/],
  ['a config that is no object', { config: 'admin', constraints: [] }, /`config` must be an object; `constraints` must be an object/],
  ['a constraint that the server does not know', { constraints: { sight: 'a' } }, /`constraints\.sight` is no constraint strategy of this server/],
  ['a constraint without a value', { constraints: { host: undefined } }, /`constraints\.host` must have a value/],
  ['a host that is neither text nor a pattern', { constraints: { host: ['a.example'] } }, /`constraints\.host` must be a string or a regular expression/],
  ['methods that are no list', { methods: 'GET' }, /`methods` must be a list of methods/],
  ['no methods', { methods: [] }, /`methods` must be a list of methods/],
  ['a method that cannot be proxied', { methods: ['GET', 'CONNECT', 'FETCH'] }, /`methods` has "CONNECT", which.*; `methods` has "FETCH"/],
  ['a level that the log has not', { logLevel: 'loud' }, /`logLevel` must be a level of the server's log/]
] as const) {
  t.test(`${what} is a mistake`, async t => {
    const server = { logger: { level: 'silent', stream: new Writable() } } as never
    await t.rejects(proxy(t, { upstream: 'http://127.0.0.1:1', retries: -1, ...options } as never, { server }), { code: 'FST_ARR_PROXY_INVALID_OPTIONS', message })
    await t.rejects(proxy(t, { upstream: 'http://127.0.0.1:1', retries: -1, ...options } as never, { server }), { message: /`retries` must/ }, 'beside the others')
  })
}
