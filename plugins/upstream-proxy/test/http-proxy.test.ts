// The drop-in for @fastify/http-proxy: what its own tests do not ask. Those are run in http-proxy-peer.test.ts.
import { once } from 'node:events'
import { connect } from 'node:http2'
import { createServer as createTls } from 'node:https'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { createRequire } from 'node:module'
import type { Upstream } from '@fastify-arr/facts'
import Fastify, { type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import WebSocket, { WebSocketServer } from 'ws'
import httpProxy, { fastifyHttpProxy } from '../src/http-proxy/http-proxy.ts'
import upstreamProxy from '../src/index.ts'
import { rawUpstream, upstream } from './forward-subjects.ts'
import { client, rest } from './parts.ts'
import { CERT, KEY_PEM } from './tunnel-subjects.ts'

type Options = Parameters<typeof httpProxy>[1]

/** A server with the drop-in; its address. */
async function served (t: Test, options: object, prepare?: (app: FastifyInstance) => unknown): Promise<string> {
  const app = Fastify({ forceCloseConnections: true })
  t.teardown(() => app.close())
  await prepare?.(app)
  await app.register(httpProxy, options as Options)
  return await app.listen({ port: 0, host: '127.0.0.1' })
}

/** An upstream that says what it was sent: method, URL, headers, body. */
function echoing (t: Test, answer: Record<string, string | string[]> = {}): Promise<string> {
  return upstream(t, async (request, response) => {
    const body = await text(request)
    response.writeHead(200, { 'Content-Type': 'application/json', ...answer })
    response.end(JSON.stringify({ method: request.method, url: request.url, headers: request.headers, body }))
  })
}

interface Echo { method: string, url: string, headers: Record<string, string>, body: string }

async function echoed (url: string, init?: RequestInit): Promise<Echo> {
  const response = await fetch(url, init)
  t.equal(response.status, 200)
  return await response.json() as Echo
}

/** An upstream for WebSockets; each says its URL and headers, and echoes. */
async function sockets (t: Test): Promise<{ url: string, requests: Array<{ url: string | undefined, headers: Record<string, unknown> }> }> {
  const requests: Array<{ url: string | undefined, headers: Record<string, unknown> }> = []
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  await once(server, 'listening')
  t.teardown(() => {
    for (const client of server.clients) client.terminate()
    server.close()
  })
  server.on('connection', (socket, { url, headers }) => {
    requests.push({ url, headers })
    socket.on('message', message => socket.send(message.toString()))
  })
  return { url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`, requests }
}

async function opened (t: Test, url: string, options = {}): Promise<WebSocket> {
  const socket = new WebSocket(url.replace('http', 'ws'), options)
  t.teardown(() => socket.terminate())
  await once(socket, 'open')
  return socket
}

/** The status with which a WebSocket is refused. */
async function refused (url: string): Promise<number> {
  const socket = new WebSocket(url.replace('http', 'ws'))
  socket.on('error', () => {})
  const [, response] = await once(socket, 'unexpected-response')
  response.destroy()
  return response.statusCode
}

t.test('options without a meaning here are mistakes that say why and what to do, in one error', async t => {
  for (const [options, message] of [
    [{ wsReconnect: {} }, /^`wsReconnect` has no meaning in @fastify-arr\/upstream-proxy: the WebSocket is the client's own.*; let the client open a new one$/],
    [{ wsHooks: { onIncomingMessage () {} } }, /^`wsHooks.onIncomingMessage` has no meaning .* a tunnel passes messages unread/],
    [{ wsServerOptions: { handleProtocols () {} } }, /the upstream chooses the sub-protocol/],
    [{ http2: true }, /^`http2` has no meaning .*HTTP\/1\.1; leave it out$/],
    [{ upstream: ['http://a', 'http://b'] }, /`upstream` must be one URL: .*`replyOptions.getUpstream`/],
    [{ undici: { request () {} } }, /`undici.request` has no meaning/],
    [{ replyOptions: { retryDelay () {} }, maxRetriesOn503: 3 }, /`maxRetriesOn503` has no meaning .*; `replyOptions.retryDelay` has no meaning/],
    [{ prehandler () {}, handler: 1, routes: '/' }, '`prehandler` is no option; the nearest is `preHandler`; `handler` must be a function; `routes` must be a list of strings'],
    [{ upstream: undefined }, 'upstream must be specified'],
    [{ upstream: 'nowhere', constraints: { moon: 1 } }, /`upstream` must be a URL .*; `constraints.moon` is no constraint strategy/]
  ] as const) {
    const app = Fastify()
    await t.rejects(async () => await app.register(httpProxy, { upstream: 'http://127.0.0.1:1', ...options } as never), { code: 'FST_ARR_PROXY_INVALID_OPTIONS', message }, Object.keys(options).join())
  }
})

t.test('options that change nothing here are accepted', async t => {
  const url = await echoing(t)
  const address = await served(t, {
    upstream: url,
    base: url,
    http2: false,
    undici: { pipelining: 1, connections: 10, headersTimeout: 1000, bodyTimeout: 1000 },
    cacheURLs: 1,
    disableCache: true,
    globalAgent: true,
    destroyAgent: true,
    disableRequestLogging: true,
    retryMethods: ['GET'],
    wsHooks: undefined,
    wsReconnect: undefined,
    wsServerOptions: undefined,
    getWebSocketUpstream () {}
  })
  t.equal((await echoed(`${address}/x?y=1`)).url, '/x?y=1')
})

t.test('a login in preHandler, beforeHandler or preValidation holds for pages and WebSockets', async t => {
  const { url } = await sockets(t)
  for (const hook of ['preHandler', 'beforeHandler', 'preValidation']) {
    const address = await served(t, { upstream: url, websocket: true, [hook]: async (_request: unknown, reply: { code (status: number): { send (): unknown } }) => reply.code(401).send() })
    t.equal((await fetch(address)).status, 401, hook)
    t.equal(await refused(address), 401, hook)
  }
})

t.test('websocket is off by default: an upgrade is a plain request', async t => {
  const url = await echoing(t)
  const address = await served(t, { upstream: url })
  t.equal(await refused(address), 200)
})

t.test('a request has the client\'s headers and the upstream\'s Host, and nothing about the client', async t => {
  const url = await echoing(t)
  const address = await served(t, { upstream: url })
  const { headers } = await echoed(address, { headers: { 'X-Forwarded-For': '192.0.2.7', 'X-Real-IP': '192.0.2.7', under_score: '1' } })
  t.match(headers, { host: new URL(url).host, 'x-forwarded-for': '192.0.2.7', 'x-real-ip': '192.0.2.7', under_score: '1' })
  t.equal(headers['x-forwarded-host'], undefined)
  t.equal(headers['x-forwarded-proto'], undefined)
})

t.test('replyOptions change requests and answers', async t => {
  const url = await echoing(t, { 'Set-Cookie': ['a=1', 'b=2'], 'X-Gone': '1' })
  const address = await served(t, {
    upstream: 'http://127.0.0.1:1',
    prefix: '/app',
    replyOptions: {
      getUpstream: () => url,
      queryString: (search: string, given: string) => `given=${encodeURIComponent(search + given)}`,
      rewriteRequestHeaders: (request: { id: string }, { accept, ...headers }: Record<string, string>) => ({ ...headers, 'x-id': request.id, host: 'other.example', 'x-none': undefined }),
      rewriteHeaders: ({ 'x-gone': _, ...headers }: Record<string, unknown>, request: { id: string }) => ({ ...headers, 'x-id': request.id, 'x-cookies': (headers['set-cookie'] as string[]).length, 'x-odd': 'a\u0001é😀' })
    }
  })
  const response = await fetch(`${address}/app/x?y=1`, { headers: { accept: 'text/x', 'X-Own': '1' } })
  const { url: path, headers } = await response.json() as Echo
  t.equal(path, `/x?given=${encodeURIComponent('/app/x?y=1')}`)
  t.match(headers, { host: 'other.example', 'x-id': 'req-1', 'x-own': '1' })
  t.notOk('accept' in headers || 'x-none' in headers)
  t.same(response.headers.getSetCookie(), ['a=1', 'b=2'])
  t.equal(response.headers.get('x-gone'), null)
  t.equal(response.headers.get('x-cookies'), '2')
  t.equal(response.headers.get('x-id'), 'req-1')
  t.equal(response.headers.get('x-odd'), 'aé')
})

t.test('a Location without a host gets the prefix back, cookies and other Locations stay as they are', async t => {
  for (const [location, expected] of [['/safe/x', '/t/7/x'], ['/other', '/other'], ['http://127.0.0.1:1/safe/x', 'http://127.0.0.1:1/safe/x'], ['//other.example/safe', '//other.example/safe'], ['x', 'x']] as const) {
    const url = await echoing(t, { Location: location, 'Set-Cookie': 'a=1; Path=/safe' })
    const address = await served(t, { upstream: url, prefix: '/t/:id', rewritePrefix: '/safe' })
    const response = await fetch(`${address}/t/7/y`, { redirect: 'manual' })
    t.equal(response.headers.get('location'), expected)
    t.same(response.headers.getSetCookie(), ['a=1; Path=/safe'])
  }
})

t.test('rewriteHeaders of the options that a handler gets does both: the Location and the user\'s own', async t => {
  const url = await echoing(t, { Location: '/safe/x' })
  const address = await served(t, {
    upstream: url,
    prefix: '/app',
    rewritePrefix: '/safe',
    replyOptions: { rewriteHeaders: (headers: object) => ({ ...headers, 'x-own': '1' }) },
    handler: (_request: unknown, reply: { from (dest: string, options: object): unknown }, dest: string, options: { rewriteHeaders (headers: object, request: object): object }) =>
      reply.from(dest, { ...options, rewriteHeaders: (headers: object, request: object) => ({ ...options.rewriteHeaders(headers, request), 'x-more': '2' }) })
  })
  const { headers } = await fetch(`${address}/app/y`, { redirect: 'manual' })
  t.same([headers.get('location'), headers.get('x-own'), headers.get('x-more')], ['/app/x', '1', '2'])
})

t.test('a body is sent as it is given, parsed or as it came', async t => {
  const url = await echoing(t)
  const json = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{ "a":  1 }' }
  const plain = await echoed(await served(t, { upstream: url }), json)
  t.equal(plain.body, '{ "a":  1 }', 'as it came')

  const parsed = await echoed(await served(t, { upstream: url, proxyPayloads: false }), json)
  t.match(parsed, { body: '{"a":1}', headers: { 'content-length': '7', 'content-type': 'application/json' } }, 'parsed, and written again')

  const changed = await echoed(await served(t, { upstream: url, preValidation: async (request: { body: object }) => { request.body = { b: 22 } } }), json)
  t.match(changed, { body: '{"b":22}', headers: { 'content-length': '8' } }, 'changed by a hook')

  const given = await echoed(await served(t, { upstream: url, replyOptions: { body: { c: 3 }, method: 'PUT' } }), { method: 'POST', headers: { 'content-type': 'text/plain' }, body: 'abc' })
  t.match(given, { method: 'PUT', body: '{"c":3}', headers: { 'content-length': '7', 'content-type': 'application/json' } }, 'given')

  const typed = await echoed(await served(t, { upstream: url, replyOptions: { body: 'd', contentType: 'text/x' } }), json)
  t.match(typed, { body: 'd', headers: { 'content-length': '1', 'content-type': 'text/x' } }, 'given with its type')

  const none = await echoed(await served(t, { upstream: url, replyOptions: { body: null } }), json)
  t.match(none, { body: '', headers: { 'content-length': '0' } }, 'none')

  const get = await fetch(await served(t, { upstream: url, replyOptions: { body: 'x' } }))
  t.equal(get.status, 500, 'a GET gets none')
})

t.test('onError answers instead of the proxy', async t => {
  const seen: unknown[] = []
  const address = await served(t, {
    upstream: 'http://127.0.0.1:1',
    replyOptions: {
      onError (reply: { code (status: number): { send (body: string): void } }, { error }: { error: Error & { code: string, statusCode: number, cause: { code: string } } }) {
        seen.push(error.code, error.statusCode, error.cause.code)
        reply.code(418).send('no')
      }
    }
  })
  const response = await fetch(address)
  t.equal(response.status, 418)
  t.equal(await response.text(), 'no')
  t.same(seen, ['FST_ARR_UPSTREAM_REFUSED', 502, 'ECONNREFUSED'])
})

t.test('onResponse may answer with something else, may fail, and need not read the stream', async t => {
  let closed: Promise<unknown> | undefined
  const url = await upstream(t, (_request, response) => {
    closed = once(response, 'close')
    response.writeHead(200, { 'X-From': 'upstream' })
    // Without an end.
    response.write('a'.repeat(1_000_000))
  })
  const replyOptions = (onResponse: (request: unknown, reply: { send (body: string): void }, response: { statusCode: number }) => void) => ({ upstream: url, replyOptions: { onResponse } })
  let ended: Promise<Upstream | null> | undefined
  const other = await fetch(await served(t, replyOptions((_request, reply, { statusCode }) => { reply.send(`${statusCode}, but short`) }), app => app.addHook('onRequest', async (request, reply) => {
    ended = once(reply.raw, 'close').then(() => request.upstream)
  })))
  t.equal(other.headers.get('x-from'), 'upstream')
  t.equal(await other.text(), '200, but short')
  t.match(await ended, { status: 200, error: null }, 'the client had its answer')
  await closed
  t.pass('and the upstream\'s is given up')

  const failing = await fetch(await served(t, replyOptions(() => { throw new Error('no') })))
  t.equal(failing.status, 500)
  await closed
})

t.test('an answer through onResponse is complete, whatever its size', async t => {
  const large = Buffer.alloc(3_000_000, 'x')
  const url = await upstream(t, (_request, response) => response.end(large))
  const address = await served(t, { upstream: url, replyOptions: { onResponse: (_request: unknown, reply: { send (body: unknown): void }, { stream }: { stream: unknown }) => { reply.send(stream) } } })
  t.ok(Buffer.from(await (await fetch(address)).arrayBuffer()).equals(large))
  t.equal((await fetch(address, { method: 'HEAD' })).status, 200)
})

t.test('an answer that breaks off in onResponse\'s stream does not look complete', async t => {
  const url = await upstream(t, (_request, response) => {
    response.writeHead(200, { 'Content-Length': 10 })
    response.write('12345', () => response.destroy())
  })
  const address = await served(t, { upstream: url, replyOptions: { onResponse: (_request: unknown, reply: { send (body: unknown): void }, { stream }: { stream: unknown }) => { reply.send(stream) } } })
  await t.rejects(async () => await (await fetch(address)).text())
})

t.test('the time limits of replyOptions, http and one reply.from are kept', async t => {
  const url = await upstream(t, () => {})
  for (const options of [
    { replyOptions: { timeout: 50 } },
    { http: { requestOptions: { timeout: 50 } } },
    { undici: { headersTimeout: 50 } },
    { handler: (_request: unknown, reply: { from (dest: string, options: object): unknown }, dest: string, options: object) => reply.from(dest, { ...options, timeout: 50 }) }
  ]) {
    t.equal((await fetch(await served(t, { upstream: url, ...options }))).status, 504, JSON.stringify(options))
  }
})

t.test('a source that leaves the upstream\'s path is refused', async t => {
  const url = await echoing(t)
  const address = await served(t, {
    upstream: `${url}/base`,
    preHandler (request: { query: { to: string } }, reply: { from (source: string): void }) { reply.from(request.query.to) }
  })
  const status = async (to: string) => (await fetch(`${address}/?to=${encodeURIComponent(to)}`)).status
  t.equal(await status('/base/x'), 200)
  t.equal(await status('/other'), 500)
  t.equal(await status('/base/..%5cx'), 400)
  t.equal(await status('http://127.0.0.1:1/base'), 400)
  t.equal(await status('/basement'), 500)
})

t.test('a WebSocket is sent with the headers that wsClientOptions say, and of the client\'s with the cookie alone', async t => {
  const { url, requests } = await sockets(t)
  const client = { headers: { cookie: 'a=1', authorization: 'Basic x', 'x-own': '1' } }
  await opened(t, await served(t, { upstream: '', wsUpstream: url, websocket: true, replyOptions: { getUpstream: () => '' } }), client)
  await opened(t, await served(t, { upstream: url, websocket: true, wsClientOptions: { headers: { 'x-fixed': '2' }, origin: 'http://o.example' } }), client)
  await opened(t, await served(t, { upstream: url, websocket: true, wsClientOptions: { rewriteRequestHeaders: (headers: object, { headers: { authorization } }: { headers: Record<string, string> }) => ({ ...headers, authorization, 'Sec-WebSocket-Key': 'x' }), queryString: { q: 'ü' } } }), client)
  const seen = requests.map(({ url, headers: { cookie, authorization, origin, 'x-own': own, 'x-fixed': fixed } }) => ({ url, cookie, authorization, origin, own, fixed }))
  const none = { cookie: undefined, authorization: undefined, origin: undefined, own: undefined, fixed: undefined }
  t.same(seen, [
    { ...none, url: '/', cookie: 'a=1' },
    { ...none, url: '/', cookie: 'a=1', fixed: '2', origin: 'http://o.example' },
    { ...none, url: '/?q=%C3%BC', authorization: 'Basic x' }
  ])
})

t.test('verifyClient refuses a WebSocket before its upstream is asked, by its result or by a callback', async t => {
  const { url, requests } = await sockets(t)
  const address = (verifyClient: unknown) => served(t, { upstream: url, websocket: true, wsServerOptions: { verifyClient } })
  t.equal(await refused(await address(() => false)), 401)
  t.equal(await refused(await address((_info: unknown, verdict: (verified: boolean, code: number) => void) => { verdict(false, 403) })), 403)
  t.equal(requests.length, 0)
  await opened(t, await address((_info: unknown, verdict: (verified: boolean) => void) => { setImmediate(verdict, true) }))
})

t.test('hooks can close a WebSocket, and are told what they cannot do', async t => {
  const { url } = await sockets(t)
  const errors: string[] = []
  const disconnected = new Promise<string>(resolve => {
    const onConnect = (_context: unknown, source: { send (text: string): void, protocol: string, close (code: number, reason: string): void }) => {
      try {
        source.send('hello')
      } catch (error) {
        errors.push((error as Error).message)
      }
      source.close(4001, source.protocol)
    }
    served(t, { upstream: url, websocket: true, wsHooks: { onConnect, onDisconnect: (_context: unknown, { protocol }: { protocol: string }) => { resolve(protocol) } } }).then(async address => {
      const socket = new WebSocket(address.replace('http', 'ws'), 'chat')
      t.teardown(() => socket.terminate())
      const [code, reason] = await once(socket, 'close')
      t.same([code, String(reason)], [4001, 'chat'])
    }, t.threw)
  })
  t.equal(await disconnected, 'chat')
  t.match(errors, [/^`send` is not there: .* passes messages unread/])
})

t.test('hooks are told of the WebSockets of their own proxy only', async t => {
  const { url } = await sockets(t)
  const told: string[] = []
  const hooks = (name: string) => ({ onConnect () { told.push(name) } })
  const address = await served(t, { upstream: url, websocket: true, prefix: '/a', wsHooks: hooks('a') }, app => app.register(httpProxy, { upstream: url, websocket: true, prefix: '/b', wsHooks: hooks('b') } as Options))
  await opened(t, `${address}/a`)
  await opened(t, `${address}/b/x`)
  t.same(told, ['a', 'b'])
})

t.test('a message that comes with the 101 reaches a client that listens after it is open', async t => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  await once(server, 'listening')
  t.teardown(() => server.close())
  server.on('connection', socket => {
    socket.send('hello')
    socket.send('again')
  })
  const address = await served(t, { upstream: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, websocket: true })
  const socket = await opened(t, address)
  const [first] = await once(socket, 'message')
  t.equal(String(first), 'hello')
})

t.test('certificates of https upstreams are verified where an option says so, and otherwise the log warns', async t => {
  const server = createTls({ key: KEY_PEM, cert: CERT }, (_request, response) => response.end('secret')).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
  const status = async (options: object): Promise<[number, number]> => {
    const lines: string[] = []
    const app = Fastify({ forceCloseConnections: true, logger: { level: 'warn', stream: { write (line: string) { lines.push(line) } } } })
    t.teardown(() => app.close())
    await app.register(httpProxy, { upstream: url, ...options } as Options)
    const address = await app.listen({ port: 0, host: '127.0.0.1' })
    const { status } = await fetch(address)
    return [status, lines.filter(line => line.includes('is not verified')).length]
  }
  t.same(await status({}), [200, 1])
  t.same(await status({ http: { requestOptions: { rejectUnauthorized: false } } }), [200, 0])
  t.same(await status({ http: { agentOptions: { rejectUnauthorized: true } } }), [502, 0])
  t.same(await status({ undici: { tls: { rejectUnauthorized: true } } }), [502, 0])
})

t.test('it is imported by default or by name, and required as itself', async t => {
  const required = createRequire(import.meta.url)('@fastify-arr/upstream-proxy/http-proxy')
  t.equal(httpProxy, fastifyHttpProxy)
  t.type(required, 'function')
  t.equal(required.default, required)
  t.equal(required.fastifyHttpProxy, required)
  t.same(required.defaultRoutes, ['/', '/*'])
  t.same(required.defaultHttpMethods, ['DELETE', 'GET', 'HEAD', 'PATCH', 'POST', 'PUT', 'OPTIONS'])
})

t.test('an upgrade to a protocol that only another proxy tunnels is the handler\'s, as any request', async t => {
  const { url } = await sockets(t)
  const address = await served(t, {
    upstream: await echoing(t),
    wsUpstream: url,
    websocket: true,
    handler: (_request: unknown, reply: { code: (status: number) => { send: (text: string) => void } }) => { reply.code(401).send('gate') }
  }, app => app.register(upstreamProxy, { upstream: url.replace('ws', 'http'), prefix: '/t', upgrades: ['websocket', 'tcp'] }))
  const near = client(t, Number(new URL(address).port))
  near.write('GET /x HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n')
  t.match(await rest(near), /^HTTP\/1\.1 401 [^]*gate$/)
})

t.test('HTTP/2: an answer that breaks in onResponse\'s hands does not look complete', async t => {
  const far = await rawUpstream(t, socket => {
    socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n')
    setImmediate(() => socket.resetAndDestroy())
  })
  const app = Fastify({ http2: true })
  t.teardown(() => app.close())
  await app.register(httpProxy, { upstream: far.url, replyOptions: { onResponse: (_request, reply, response) => { reply.send((response as unknown as { stream: unknown }).stream) } } } as Options)
  await app.listen({ port: 0, host: '127.0.0.1' })
  const session = connect(`http://127.0.0.1:${(app.server.address() as AddressInfo).port}`)
  session.on('error', () => {})
  t.teardown(() => session.destroy())
  const stream = session.request({ ':path': '/' })
  stream.on('error', () => {})
  stream.resume()
  // `once` would reject with the stream's error.
  await new Promise(resolve => stream.on('close', resolve))
  t.equal(stream.rstCode, 2, 'INTERNAL_ERROR')
})
