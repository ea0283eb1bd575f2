// The spans of exchanges and of their attempts, through a real proxy, as an SDK gets them; and what the upstream is sent.
import { once } from 'node:events'
import http2 from 'node:http2'
import { createServer } from 'node:net'
import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { AlwaysOffSampler, ParentBasedSampler } from '@opentelemetry/sdk-trace-base'
import { serverFarm } from '@fastify-arr/server-farm'
import Fastify from 'fastify'
import t from 'tap'
import { openTelemetry } from '../src/index.ts'
import { eventually, one, parsed, portOf, proxy, raw, sdk, upstream } from './subjects.ts'

const { CLIENT, INTERNAL, SERVER } = SpanKind
const GIVEN = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

t.test('a request has a server span, its attempt a client span under it, and the upstream is told the name of that', async t => {
  const { spans } = sdk(t)
  const { url, seen } = await upstream(t)
  const { url: at, port } = await proxy(t, { upstream: url })
  await (await fetch(`${at}/page?secret=1`, { headers: { 'user-agent': 'tester' } })).text()
  const all = await spans(2)
  const [server, attempt] = [one(all, SERVER), one(all, CLIENT)]
  t.equal(server.name, 'GET /*')
  t.equal(server.parentSpanContext, undefined)
  t.match(server.attributes, {
    'http.request.method': 'GET',
    'url.path': '/page',
    'url.scheme': 'http',
    'server.address': '127.0.0.1',
    'server.port': port,
    'client.address': '127.0.0.1',
    'network.protocol.version': '1.1',
    'network.peer.address': '127.0.0.1',
    'user_agent.original': 'tester',
    'http.route': '/*',
    'http.response.status_code': 200,
    'fastify_arr.server': url,
    'fastify_arr.log_id': seen[0]?.['x-arr-log-id']
  })
  t.equal(server.status.code, SpanStatusCode.UNSET)
  t.equal(attempt.name, 'GET')
  t.equal(attempt.parentSpanContext?.spanId, server.spanContext().spanId)
  t.match(attempt.attributes, { 'http.request.method': 'GET', 'url.full': `${url}/page`, 'server.address': '127.0.0.1', 'server.port': Number(new URL(url).port), 'http.response.status_code': 200, 'network.peer.port': Number(new URL(url).port) })
  t.notOk('http.request.resend_count' in attempt.attributes)
  t.notOk(JSON.stringify(all.map(({ attributes }) => attributes)).includes('secret'), 'no query is told')
  t.same(parsed(seen[0]?.traceparent), { trace: server.spanContext().traceId, span: attempt.spanContext().spanId, flags: '01' })
})

t.test('what the client names is the parent: traceparent is replaced, tracestate and baggage are passed on', async t => {
  const { spans } = sdk(t)
  const { url, seen } = await upstream(t)
  const { url: at } = await proxy(t, { upstream: url })
  await (await fetch(at, { headers: { traceparent: GIVEN, tracestate: 'vendor=1', baggage: 'tenant=a%20b' } })).text()
  const all = await spans(2)
  const [server, attempt] = [one(all, SERVER), one(all, CLIENT)]
  t.equal(server.parentSpanContext?.spanId, 'b7ad6b7169203331')
  t.same(parsed(seen[0]?.traceparent), { trace: '0af7651916cd43dd8448eb211c80319c', span: attempt.spanContext().spanId, flags: '01' })
  t.match(seen[0], { tracestate: 'vendor=1', baggage: 'tenant=a%20b' })
})

t.test('a header of a rule that names a span is replaced as well, and none is there twice', async t => {
  const { spans } = sdk(t)
  const heads: string[] = []
  const bare = createServer(socket => {
    socket.on('error', () => {})
    socket.on('data', data => {
      heads.push(String(data))
      socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')
    })
  })
  bare.listen(0, '127.0.0.1')
  await once(bare, 'listening')
  t.teardown(() => bare.close())
  const { url: at } = await proxy(t, {
    to: () => ({ url: `http://127.0.0.1:${portOf(bare as never)}/`, headers: { traceparent: 'of a rule' } }),
    rewriteRequest (_request, { out }) { out.headers.push(['TraceParent', 'of an option']) }
  })
  await (await fetch(at, { headers: { traceparent: GIVEN } })).text()
  await spans(2)
  t.equal(heads[0]?.match(/^traceparent:/gim)?.length, 1)
})

t.test('a client that says it is not sampled is not, and the upstream is told so', async t => {
  const { ended } = sdk(t)
  const { url, seen } = await upstream(t)
  const { url: at } = await proxy(t, { upstream: url })
  await (await fetch(at, { headers: { traceparent: GIVEN.replace(/01$/, '00') } })).text()
  t.match(parsed(seen[0]?.traceparent), { trace: '0af7651916cd43dd8448eb211c80319c', flags: '00' })
  t.not(parsed(seen[0]?.traceparent).span, 'b7ad6b7169203331')
  t.same(ended(), [])
})

t.test('what a sampler leaves out is passed on as left out', async t => {
  const { ended } = sdk(t, new ParentBasedSampler({ root: new AlwaysOffSampler() }))
  const { url, seen } = await upstream(t)
  const { url: at } = await proxy(t, { upstream: url })
  await (await fetch(at)).text()
  t.equal(parsed(seen[0]?.traceparent).flags, '00')
  t.same(ended(), [])
})

t.test('an upstream that says 404 or 503 is an error of the attempt; of the exchange, the 503 is', async t => {
  const { spans } = sdk(t)
  const { url } = await upstream(t)
  const { url: at } = await proxy(t, { upstream: url })
  for (const path of ['/missing', '/busy']) await (await fetch(at + path)).text()
  const all = await spans(4)
  for (const [status, code] of [[404, SpanStatusCode.UNSET], [503, SpanStatusCode.ERROR]] as const) {
    t.equal(one(all, SERVER, { 'http.response.status_code': status }).status.code, code)
    const attempt = one(all, CLIENT, { 'http.response.status_code': status })
    t.equal(attempt.status.code, SpanStatusCode.ERROR)
    t.equal(attempt.attributes['error.type'], String(status))
  }
  t.equal(one(all, SERVER, { 'http.response.status_code': 503 }).attributes['error.type'], '503')
  t.notOk('error.type' in one(all, SERVER, { 'http.response.status_code': 404 }).attributes)
})

t.test('an upstream that is not there: both spans have the code of the error', async t => {
  const { spans } = sdk(t)
  const { url: at } = await proxy(t, { upstream: 'http://127.0.0.1:1' })
  await (await fetch(at)).text()
  const all = await spans(2)
  t.match(one(all, SERVER), { status: { code: SpanStatusCode.ERROR }, attributes: { 'http.response.status_code': 502, 'error.type': 'FST_ARR_UPSTREAM_REFUSED', 'fastify_arr.error.side': 'upstream' } })
  t.match(one(all, CLIENT), { status: { code: SpanStatusCode.ERROR }, attributes: { 'error.type': 'FST_ARR_UPSTREAM_REFUSED', 'fastify_arr.error.system_code': 'ECONNREFUSED' } })
})

t.test('an answer that the upstream cuts is an error of both spans, though the client got a 200', async t => {
  const { spans } = sdk(t)
  const { url } = await upstream(t)
  const { url: at } = await proxy(t, { upstream: url })
  const answer = await fetch(`${at}/cut`)
  await t.rejects(answer.text())
  const all = await spans(2)
  t.match(one(all, SERVER), { status: { code: SpanStatusCode.ERROR }, attributes: { 'http.response.status_code': 200, 'error.type': 'FST_ARR_UPSTREAM_RESET' } })
  t.match(one(all, CLIENT), { status: { code: SpanStatusCode.ERROR }, attributes: { 'error.type': 'FST_ARR_UPSTREAM_RESET' } })
})

t.test('a client that leaves ends both spans; it is no error of the server', async t => {
  const { spans } = sdk(t)
  const { url, seen } = await upstream(t)
  const { port } = await proxy(t, { upstream: url })
  const client = raw(t, port)
  client.write('GET /never HTTP/1.1\r\nHost: a\r\n\r\n')
  await eventually(() => seen.length === 1, 'the upstream is asked')
  client.resetAndDestroy()
  const all = await spans(2)
  t.match(one(all, SERVER), { status: { code: SpanStatusCode.UNSET }, attributes: { 'http.response.status_code': 499, 'error.type': 'FST_ARR_CLIENT_GONE' } })
  t.equal(one(all, CLIENT).attributes['error.type'], 'FST_ARR_CLIENT_GONE')
})

t.test('requests of a pipeline whose connection is lost have their spans ended, those that wait as well', async t => {
  const { spans } = sdk(t)
  const { url, seen } = await upstream(t)
  const { port } = await proxy(t, { upstream: url })
  const client = raw(t, port)
  client.write('GET /never/1 HTTP/1.1\r\nHost: a\r\n\r\nGET /never/2 HTTP/1.1\r\nHost: a\r\n\r\n')
  await eventually(() => seen.length === 2, 'the upstream is asked')
  client.resetAndDestroy()
  const all = await spans(4)
  t.same(all.filter(({ kind }) => kind === SERVER).map(({ attributes }) => attributes['url.path']).sort(), ['/never/1', '/never/2'])
})

t.test('so have those that this server answers by itself, each with the error that nothing was answered', async t => {
  const { spans } = sdk(t)
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(openTelemetry)
  let came = 0
  app.get('/never/*', () => { came++; return new Promise(() => {}) })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const client = raw(t, portOf(app.server))
  client.write(['/never/1', '/never/2', '/never/3'].map(path => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`).join(''))
  await eventually(() => came === 3, 'all have begun')
  client.resetAndDestroy()
  const all = await spans(3)
  t.same(all.map(({ attributes }) => attributes['error.type']), ['aborted', 'aborted', 'aborted'])
  t.same(all.map(({ status }) => status.code), [SpanStatusCode.UNSET, SpanStatusCode.UNSET, SpanStatusCode.UNSET])
})

t.test('each attempt at a farm has a span of its own, and each server is told its own', async t => {
  const { spans } = sdk(t)
  const heads: string[] = []
  // It closes the connection when it has read the head.
  const dying = createServer(socket => {
    socket.on('error', () => {})
    socket.once('data', data => {
      heads.push(String(data))
      socket.destroy()
    })
  })
  dying.listen(0, '127.0.0.1')
  await once(dying, 'listening')
  t.teardown(() => dying.close())
  const { url, seen } = await upstream(t)
  const { url: at } = await proxy(t, { upstream: 'http://shop' }, {
    between: app => app.register(serverFarm, {
      farms: [{
        name: 'shop',
        servers: [{ address: '127.0.0.1', httpPort: portOf(dying as never) }, { address: '127.0.0.1', httpPort: Number(new URL(url).port) }],
        retry: { attempts: 1, on: ['connect', 'reset'], budget: 5 }
      }]
    } as never)
  })
  for (let i = 0; heads.length === 0 && i < 4; i++) t.equal((await fetch(at)).status, 200)
  const all = await spans(3)
  const second = one(all, CLIENT, { 'http.request.resend_count': 1 })
  const first = one(all, CLIENT, { 'error.type': 'FST_ARR_UPSTREAM_RESET' })
  t.equal(first.parentSpanContext?.spanId, second.parentSpanContext?.spanId)
  t.equal(parsed(/^traceparent: (.*)\r$/m.exec(heads[0] ?? '')?.[1]).span, first.spanContext().spanId)
  t.equal(parsed(seen.at(-1)?.traceparent).span, second.spanContext().spanId)
  const server = all.find(span => span.spanContext().spanId === second.parentSpanContext?.spanId)
  t.match(server?.attributes, { 'fastify_arr.farm': 'shop', 'http.response.status_code': 200 })
})

t.test('where another attempt asks another server, each has a span', async t => {
  const { spans } = sdk(t)
  const { url, seen } = await upstream(t)
  const { url: at } = await proxy(t, { retries: 1, to: request => request.upstream?.attempts.length === 1 ? url : 'http://127.0.0.1:1' })
  t.equal((await fetch(at)).status, 200)
  const all = await spans(3)
  t.equal(one(all, CLIENT, { 'server.port': 1 }).attributes['error.type'], 'FST_ARR_UPSTREAM_REFUSED')
  const second = one(all, CLIENT, { 'http.request.resend_count': 1 })
  t.equal(parsed(seen[0]?.traceparent).span, second.spanContext().spanId)
  t.equal(one(all, SERVER).status.code, SpanStatusCode.UNSET)
})

t.test('a request that is sent again, because its kept connection was closed, has a second span, and the server is told that one', async t => {
  const { spans } = sdk(t)
  const heads: string[] = []
  const closing = createServer(socket => {
    let count = 0
    socket.on('error', () => {})
    socket.on('data', data => {
      heads.push(String(data))
      // The first request of a connection is answered; the second one finds it closed.
      if (++count === 1) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
      else socket.destroy()
    })
  })
  closing.listen(0, '127.0.0.1')
  await once(closing, 'listening')
  t.teardown(() => closing.close())
  const { url: at } = await proxy(t, { upstream: `http://127.0.0.1:${portOf(closing as never)}` })
  t.equal(await (await fetch(`${at}/first`)).text(), 'ok')
  t.equal(await (await fetch(`${at}/second`)).text(), 'ok')
  const all = await spans(5)
  t.equal(heads.length, 3)
  const named = heads.map(head => parsed(/^traceparent: (.*)\r$/m.exec(head)?.[1]).span)
  t.equal(new Set(named).size, 3, 'each head names another one')
  for (const span of named) t.ok(all.some(one => one.kind === CLIENT && one.spanContext().spanId === span))
  t.equal(one(all, CLIENT, { 'http.request.resend_count': 1 }).spanContext().spanId, named[2])
})

t.test('over HTTP/2, each stream is an exchange', async t => {
  const { spans } = sdk(t)
  const { url, seen } = await upstream(t)
  const { port } = await proxy(t, { upstream: url }, { server: { http2: true } })
  const session = http2.connect(`http://127.0.0.1:${port}`)
  t.teardown(() => session.close())
  await Promise.all(['/a', '/b'].map(async path => {
    const stream = session.request({ ':path': path, traceparent: GIVEN })
    stream.resume()
    await once(stream, 'close')
  }))
  const all = await spans(4)
  for (const path of ['/a', '/b']) {
    const server = one(all, SERVER, { 'url.path': path })
    t.match(server.attributes, { 'network.protocol.version': '2', 'http.response.status_code': 200 })
    t.equal(server.parentSpanContext?.spanId, 'b7ad6b7169203331')
  }
  t.same(new Set(seen.map(({ traceparent }) => parsed(traceparent).trace)), new Set(['0af7651916cd43dd8448eb211c80319c']))
})

t.test('hooks and handlers run inside the span, after a body as well; what answers by itself has one too', async t => {
  const { spans } = sdk(t)
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(openTelemetry)
  const active: Array<string | undefined> = []
  const note = () => { active.push(trace.getActiveSpan()?.spanContext().spanId) }
  app.addHook('onRequest', async () => note())
  app.addHook('preHandler', async () => note())
  app.post('/thing/:id', async () => { note(); return {} })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const client = raw(t, portOf(app.server))
  client.write('POST /thing/1 HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n')
  await eventually(() => active.length === 1, 'the first hook has run')
  client.write('{}')
  const [span] = await spans(1)
  t.equal(span?.name, 'POST /thing/:id')
  t.same(active, [1, 2, 3].map(() => span?.spanContext().spanId))
})

t.test('a method that nobody knows makes no names', async t => {
  const { spans } = sdk(t)
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(openTelemetry)
  app.addHttpMethod('PURGE')
  app.route({ method: 'PURGE' as never, url: '/', handler: async () => 'gone' })
  await app.listen({ port: 0, host: '127.0.0.1' })
  await fetch(`http://127.0.0.1:${portOf(app.server)}/`, { method: 'PURGE' })
  const [span] = await spans(1)
  t.match(span, { name: 'HTTP /', attributes: { 'http.request.method': '_OTHER', 'http.request.method_original': 'PURGE' } })
})

t.test('a span in which the server was started is no parent of its requests', async t => {
  const { spans, provider } = sdk(t)
  const { url } = await upstream(t)
  const boot = provider.getTracer('test').startSpan('boot')
  const { url: at } = await context.with(trace.setSpan(context.active(), boot), async () => await proxy(t, { upstream: url }))
  await (await fetch(at)).text()
  boot.end()
  t.equal(one(await spans(3), SERVER).parentSpanContext, undefined)
})

t.test('of two servers in one process, each has its own spans, once', async t => {
  const { spans } = sdk(t)
  const { url } = await upstream(t)
  const behind = await proxy(t, { upstream: url })
  const front = await proxy(t, { upstream: behind.url })
  await (await fetch(front.url)).text()
  const all = await spans(4)
  t.equal(all.length, 4)
  t.equal(new Set(all.map(span => span.spanContext().traceId)).size, 1, 'one trace')
  const inner = one(all, SERVER, { 'fastify_arr.server': url })
  t.equal(all.find(span => span.spanContext().spanId === inner.parentSpanContext?.spanId)?.kind, CLIENT)
  t.equal(all.filter(({ kind }) => kind === INTERNAL).length, 0)
})

t.test('a request that is ignored has no span, and its headers pass as they came', async t => {
  const { ended } = sdk(t)
  const { url, seen } = await upstream(t)
  const { url: at } = await proxy(t, { upstream: url }, { spans: { ignore: request => request.url === '/health' } })
  await (await fetch(`${at}/health`, { headers: { traceparent: GIVEN } })).text()
  t.equal(seen[0]?.traceparent, GIVEN)
  t.same(ended(), [])
})

t.test('mistakes in options are told in one error', async t => {
  const app = Fastify()
  t.teardown(() => app.close())
  await t.rejects(async () => await app.register(openTelemetry, { ignore: '/health', ignored: 1 } as never), {
    code: 'FST_ARR_OPEN_TELEMETRY_INVALID_OPTIONS',
    message: 'open-telemetry: `ignored` is no option; the nearest is `ignore`; `ignore` must be a function of the request'
  })
})
