// Does the page live at a path of a server that has other plugins, in any order of registration?
import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import { connect } from 'node:net'
import fastifyWebsocket from '@fastify/websocket'
import { arrLog } from '@fastify-arr/arr-log'
import { errorPages } from '@fastify-arr/error-pages'
import { hostRouting } from '@fastify-arr/host-routing'
import { upstreamProxy } from '@fastify-arr/upstream-proxy'
import { urlRewrite } from '@fastify-arr/url-rewrite'
import Fastify, { type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { WebSocket } from 'ws'
import { monitor } from '@fastify-arr/monitor'
import { ACTION, ask } from './ask.ts'

// Nothing of the page keeps a process alive, which this one must not notice.
const alive = setInterval(() => {}, 1000)
t.teardown(() => { clearInterval(alive) })

const token = 'correct-horse-battery-staple'
const headers = { authorization: `Bearer ${token}` }

async function upstream (t: Test): Promise<string> {
  const app = Fastify({ forceCloseConnections: true })
  t.teardown(() => app.close())
  app.all('/*', async request => `upstream ${request.method} ${request.url}`)
  return await app.listen({ port: 0, host: '127.0.0.1' })
}

type Register = (app: FastifyInstance) => PromiseLike<unknown>

const page: Register = app => app.register(monitor, { path: '/monitor', token, actions: true })

const ORDERS: Readonly<Record<string, (others: Register[]) => Register[]>> = {
  'the page first': others => [page, ...others],
  'the page last': others => [...others, page]
}

async function check (t: Test, base: string, elsewhere: (path: string) => Promise<unknown>): Promise<void> {
  const bare = await ask(`${base}/monitor`, { headers })
  t.equal(bare.status, 308)
  t.equal(bare.headers.location, './monitor/', 'without the slash')
  const first = await ask(`${base}/monitor/`, { headers })
  t.equal(first.status, 200)
  t.match(first.body, 'page/app.js')
  t.match(first.body, /<link rel="modulepreload" [^>]*href="page\/app\.js">/)
  t.match(await ask(`${base}/monitor/`, { method: 'HEAD', headers }), { status: 200, body: '', headers: { etag: first.headers.etag as string } })
  t.equal((await ask(`${base}/monitor/`, { headers: { ...headers, 'if-none-match': first.headers.etag as string } })).status, 304)
  t.match(await ask(`${base}/monitor/page/app.js`, { headers }), { status: 200, headers: { 'content-type': 'text/javascript; charset=utf-8' } })
  t.match(await ask(`${base}/monitor/vendor/htm-preact.js`, { headers }), { status: 200 })
  t.equal((await ask(`${base}/monitor/history`, { headers })).status, 200)
  for (const path of ['nothing', 'page/none.js', 'page/tsconfig.json', 'page/..%2fpackage.json', 'page/%2e%2e%2fpackage.json', 'page/app.js%00', 'vendor/none.js', 'story?id=1', 'a/b/c']) {
    const answer = await ask(`${base}/monitor/${path}`, { headers })
    t.ok([400, 404].includes(answer.status), `${path} is ${answer.status}`)
    t.notMatch(answer.body, 'upstream')
  }
  for (const path of ['', '/', '/page/app.js', '/history', '/events?view=now', '/nothing', '/close']) {
    const { status, body } = await ask(`${base}/monitor${path}`, { method: path === '/close' ? 'POST' : 'GET' })
    t.equal(status, path === '' ? 308 : 401, `${path} without a token`)
    t.notMatch(body, 'upstream')
  }
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) t.equal((await ask(`${base}/monitor/page/app.js`, { method, headers })).status, 404, method)
  t.same(JSON.parse((await ask(`${base}/monitor/close`, { method: 'POST', headers: { ...headers, ...ACTION }, body: '{"ids":["a"]}' })).body), { closed: 0, unknown: ['a'] })
  for (const path of ['/', '/monitors', '/a/monitor/']) await elsewhere(path)
}

for (const [name, order] of Object.entries(ORDERS)) {
  t.test(`beside a proxy of everything: ${name}`, async t => {
    const to = await upstream(t)
    const app = Fastify({ forceCloseConnections: true })
    t.teardown(() => app.close())
    for (const register of order([app => app.register(upstreamProxy, { upstream: to })])) await register(app)
    const base = await app.listen({ port: 0, host: '127.0.0.1' })
    await check(t, base, async path => { t.equal((await ask(base + path)).body, `upstream GET ${path}`) })
    const socket = new WebSocket(`${base.replace('http', 'ws')}/monitor/events?view=now`, { headers })
    const [error] = await once(socket, 'error') as [Error]
    t.match(error.message, /Unexpected server response: 4\d\d/, 'there is no WebSocket')
  })

  t.test(`beside sites, rules, a log, pages for errors and @fastify/websocket: ${name}`, async t => {
    const to = await upstream(t)
    const app = Fastify({ forceCloseConnections: true })
    t.teardown(() => app.close())
    const others: Register[] = [
      app => app.register(arrLog, { file: false }),
      app => app.register(hostRouting, { sites: [{ name: 'Mine', hosts: ['127.0.0.1'] }] }),
      app => app.register(errorPages, { pages: { 404: { text: 'no such page' }, 401: { text: 'who are you' } } }),
      app => app.register(urlRewrite, { rules: [{ name: 'all', match: { url: '(.*)' }, action: { type: 'Rewrite', url: `${to}/rewritten/{R:1}` } }] }),
      app => app.register(fastifyWebsocket),
      app => app.register(upstreamProxy, { to: (request: { rewrite?: unknown }) => request.rewrite } as object)
    ]
    for (const register of order(others)) await register(app)
    const base = await app.listen({ port: 0, host: '127.0.0.1' })
    await check(t, base, async path => { t.equal((await ask(base + path)).body, `upstream GET /rewritten${path}`) })
  })
}

t.test('at the root of a server, and of one that ignores slashes at the end', async t => {
  for (const options of [{}, { routerOptions: { ignoreTrailingSlash: true, ignoreDuplicateSlashes: true } }, { exposeHeadRoutes: false }]) {
    for (const path of ['/', '/monitor/']) {
      const app = Fastify(options)
      t.teardown(() => app.close())
      await app.register(monitor, { path, token })
      await app.listen({ port: 0, host: '127.0.0.1' })
      for (const method of ['GET', 'HEAD']) t.equal((await ask(app.monitor.url as string, { method, headers })).status, 200, `${path} ${JSON.stringify(options)} ${method}`)
      t.equal((await ask(`${app.monitor.url}page/app.js`, { headers })).status, 200)
    }
  }
})

t.test('what the server does to bodies, answers and errors of its own does nothing here', async t => {
  const app = Fastify()
  t.teardown(() => app.close())
  app.setValidatorCompiler(() => () => { throw new Error('no') })
  app.setSerializerCompiler(() => () => 'serialized')
  app.setReplySerializer(() => 'serialized')
  app.setErrorHandler(async () => 'handled')
  app.setNotFoundHandler(async () => 'not found')
  app.removeAllContentTypeParsers()
  app.addHook('onRequest', async ({ headers }) => { if (headers['x-bad'] !== undefined) throw Object.assign(new Error('not today'), { statusCode: 429 }) })
  app.addContentTypeParser('application/json', async () => 'parsed')
  await app.register(monitor, { path: '/monitor', token, actions: true })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const url = app.monitor.url as string
  t.ok(JSON.parse((await ask(`${url}history`, { headers })).body).seconds)
  t.match(await ask(url, { headers: { ...headers, 'x-bad': '1' } }), { status: 429, headers: { 'content-security-policy': /default-src 'none'/ }, body: /not today/ })
  t.match(JSON.parse((await ask(`${url}nothing`, { headers })).body), { statusCode: 404, code: 'FST_ARR_MONITOR_NOT_FOUND' })
  t.same(JSON.parse((await ask(`${url}close`, { method: 'POST', headers: { ...headers, ...ACTION }, body: '{"ids":[]}' })).body), { closed: 0, unknown: [] })
})

t.test('its routes are marked for those who tell of requests', async t => {
  const app = Fastify()
  t.teardown(() => app.close())
  const marked: unknown[] = []
  app.addHook('onRequest', async request => { marked.push((request.routeOptions.config as { monitor?: boolean }).monitor) })
  await app.register(monitor, { path: '/monitor', token })
  app.get('/', async () => 'here')
  for (const url of ['/monitor', '/monitor/', '/monitor/page/app.js', '/monitor/nothing', '/monitor/events', '/monitor/close', '/']) await app.inject({ url, method: url.endsWith('close') ? 'POST' : 'GET' })
  t.same(marked, [true, true, true, true, true, true, undefined])
})

t.test('over HTTP/2 beside a proxy of everything, streams as well', async t => {
  const to = await upstream(t)
  for (const [name, order] of Object.entries(ORDERS)) {
    const app = Fastify({ http2: true } as object) as unknown as FastifyInstance
    for (const register of order([app => app.register(upstreamProxy, { upstream: to })])) await register(app)
    const base = await app.listen({ port: 0, host: '127.0.0.1' })
    const session = connectHttp2(base)
    const get = async (path: string, more: object = headers): Promise<{ status: number, body: string }> => {
      const stream = session.request({ ':path': path, ...more })
      let body = ''
      stream.setEncoding('utf8').on('data', part => { body += part })
      const [{ ':status': status }] = await once(stream, 'response') as [{ ':status': number }]
      await once(stream, 'end')
      return { status, body }
    }
    t.equal((await get('/monitor/')).status, 200, name)
    t.equal((await get('/monitor/', { ...headers, ':authority': 'evil.example' })).status, 403)
    t.equal((await get('/monitor/nothing')).status, 404)
    t.equal((await get('/else')).body, 'upstream GET /else')
    const events = session.request({ ':path': '/monitor/events?view=now', ...headers })
    let text = ''
    events.setEncoding('utf8').on('data', part => { text += part })
    while (text.split('event: now').length < 3) await once(events, 'data')
    const ended = once(events, 'end')
    const closing = app.close()
    await ended
    t.match(text, /event: bye\ndata: \{\}\n\n$/)
    session.close()
    await closing
  }
})

t.test('over HTTP/2 a stream that is not read holds a bounded amount', { timeout: 60_000 }, async t => {
  const { Streams } = await import('../src/streaming/streams.ts')
  const { madeUp } = await import('./made-up.ts')
  const app = Fastify({ http2: true } as object) as unknown as FastifyInstance
  const big = 'x'.repeat(300_000)
  let n = 0
  let most = 0
  const streams = new Streams({ ...madeUp, frames: () => ({ read: () => ({ rows: [], webSocket: null, n: n++, big }) as never, end () {} }) }, () => {})
  streams.outlive(1000)
  const over = new Promise<void>(resolve => {
    app.get('/', (_request, reply) => {
      reply.hijack()
      const { stream } = reply.raw as unknown as { stream: { writableLength: number } }
      const watch = setInterval(() => { most = Math.max(most, stream.writableLength) }, 20)
      reply.raw.on('close', () => { clearInterval(watch); resolve() })
      streams.open(new URLSearchParams('view=frames&id=t1'), () => { reply.raw.writeHead(200); return reply.raw })
    })
  })
  const session = connectHttp2(await app.listen({ port: 0, host: '127.0.0.1' }))
  const stream = session.request({ ':path': '/' })
  stream.on('error', () => {}).pause()
  await over
  t.ok(n > 5, `${n} messages were made`)
  t.ok(most < 600_000, `${most} bytes waited, less than two messages`)
  session.destroy()
  await app.close()
})

t.test('an upgrade at the page\'s path is no stream', async t => {
  const app = Fastify({ forceCloseConnections: true })
  t.teardown(() => app.close())
  await app.register(monitor, { path: '/monitor', token })
  await app.register(fastifyWebsocket)
  const { port } = new URL(await app.listen({ port: 0, host: '127.0.0.1' }))
  const socket = connect(Number(port), '127.0.0.1').on('error', () => {})
  let text = ''
  socket.setEncoding('utf8').on('data', part => { text += part })
  socket.write(`GET /monitor/events?view=now HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${token}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`)
  await once(socket, 'close')
  t.match(text, /^HTTP\/1\.1 404 /)
})
