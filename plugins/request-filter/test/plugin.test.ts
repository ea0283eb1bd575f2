// A refused request: its fact, its event, its answer.
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { connect as connectHttp2 } from 'node:http2'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { CHANNELS, type RequestRejected } from '@fastify-arr/facts'
import Fastify from 'fastify'
import t from 'tap'
import requestFilter from '../src/index.ts'
import { abort, errorOf } from '../src/filter/refuse.ts'
import { bytes, serve, statusOf, wire } from './serving.ts'

const HIDDEN = { requestFiltering: { hiddenSegments: ['bin'] } }

t.test('a refused request has its fact, frozen, and reaches no handler', async t => {
  const { fastify, port, rejections } = await serve(t, HIDDEN)
  t.match(await wire(port, bytes('/bin/x')), /^HTTP\/1\.1 404 Not Found\r\n[^]*\{"statusCode":404,"code":"FST_ARR_FILTER_REFUSED","error":"Not Found","message":"This request is not allowed"\}$/)
  t.same(rejections, [{ reason: 'hiddenSegments', statusCode: 404, subStatusCode: 8, detail: 'bin' }])
  t.ok(Object.isFrozen(rejections[0]))
  t.equal(await statusOf(port, '/x'), 200)
  t.equal(rejections[1], null)
  t.equal((await fastify.inject('/bin')).statusCode, 404)
})

t.test('a user\'s own error handler sees the refusal, and answers', async t => {
  const { port } = await serve(t, HIDDEN, fastify => fastify.setErrorHandler((error: { code: string, statusCode: number }, request, reply) => reply.code(error.statusCode).send(`${error.code} ${request.rejection?.reason}`)))
  t.match(await wire(port, bytes('/bin')), /^HTTP\/1\.1 404[^]*FST_ARR_FILTER_REFUSED hiddenSegments$/)
})

t.test('onlookers are told of a refusal, and of nothing else', async t => {
  const told: unknown[] = []
  const listen = (message: unknown): void => { told.push((message as RequestRejected).request.rejection?.reason) }
  subscribe(CHANNELS.requestRejected, listen)
  t.teardown(() => unsubscribe(CHANNELS.requestRejected, listen))
  const { port } = await serve(t, HIDDEN)
  for (const target of ['/bin', '/x', '/a%252fb']) await statusOf(port, target)
  t.same(told, ['hiddenSegments', 'allowDoubleEscaping'])
})

t.test('requests without a route are refused too, and a 404 of the router\'s is not taken for a refusal', async t => {
  const fastify = Fastify({ forceCloseConnections: true })
  t.teardown(() => fastify.close())
  const rejections: unknown[] = []
  fastify.addHook('onResponse', async request => { rejections.push(request.rejection?.reason) })
  await fastify.register(requestFilter, HIDDEN)
  fastify.get('/here', async () => 'here')
  await fastify.listen({ port: 0, host: '127.0.0.1' })
  const { port } = fastify.server.address() as AddressInfo
  for (const target of ['/bin/nowhere', '/nowhere', '/here']) await statusOf(port, target)
  await statusOf(port, '/bin/nowhere', { method: 'DELETE' })
  t.same(rejections, ['hiddenSegments', undefined, undefined, 'hiddenSegments'])
})

t.test('a URL that Fastify refuses before any hook reaches no handler', async t => {
  const { port, rejections } = await serve(t, HIDDEN)
  for (const target of ['/bin/%zz', '/b%u0069n', '/%c0%afbin', '/%', '/%ff']) t.equal(await statusOf(port, target), 400, target)
  t.same(rejections, [])
})

t.test('a request with a body that is refused closes its connection, so that the rest is not read', async t => {
  const { port } = await serve(t, HIDDEN)
  t.match(await wire(port, 'POST /bin HTTP/1.1\r\nHost: localhost\r\nContent-Length: 20000000\r\n\r\n', false), /^HTTP\/1\.1 404[^]*connection: close/i)
  t.match(await wire(port, 'POST /bin HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n', false), /^HTTP\/1\.1 404[^]*connection: close/i)
})

t.test('a request that is refused for a while says how long, and one that is cut gets no answer', async t => {
  const fastify = Fastify({ forceCloseConnections: true })
  t.teardown(() => fastify.close())
  fastify.addHook('onRequest', (request, reply, done) => {
    if (request.url === '/cut') abort(request, reply)
    else done(errorOf({ reason: 'requestRate', statusCode: 429, subStatusCode: 0, retryAfter: 1.2 }, request, reply))
  })
  await fastify.listen({ port: 0, host: '127.0.0.1' })
  const { port } = fastify.server.address() as AddressInfo
  t.match(await wire(port, bytes('/')), /^HTTP\/1\.1 429[^]*retry-after: 2\r\n/)
  t.equal(await wire(port, bytes('/cut')).catch((error: NodeJS.ErrnoException) => error.code === 'ECONNRESET' ? '' : String(error)), '')
  await t.rejects(fastify.inject('/cut'))
})

t.test('over HTTP/2 a request that is cut loses its stream, and the connection stays', async t => {
  const fastify = Fastify({ http2: true })
  t.teardown(() => fastify.close())
  fastify.addHook('onRequest', (request, reply, done) => {
    if (request.url === '/cut') abort(request as never, reply as never)
    else done()
  })
  fastify.get('/', async () => 'here')
  await fastify.listen({ port: 0, host: '127.0.0.1' })
  const session = connectHttp2(`http://127.0.0.1:${(fastify.server.address() as AddressInfo).port}`)
  t.teardown(() => session.destroy())
  const cut = session.request({ ':path': '/cut' })
  const [error] = await once(cut, 'error') as [NodeJS.ErrnoException]
  t.match(error.message, /ENHANCE_YOUR_CALM/)
  const [headers] = await once(session.request({ ':path': '/' }), 'response')
  t.equal(headers[':status'], 200)
})

t.test('new options are in force at once, and mistakes leave the old ones', async t => {
  const { fastify, port } = await serve(t, HIDDEN)
  fastify.requestFilter.replace({ requestFiltering: { hiddenSegments: ['obj'] } })
  t.equal(await statusOf(port, '/bin'), 200)
  t.equal(await statusOf(port, '/obj'), 404)
  t.throws(() => fastify.requestFilter.replace({ requestFiltering: { hiddenSegments: [''] } }), { code: 'FST_ARR_FILTER_INVALID_OPTIONS' })
  t.equal(await statusOf(port, '/obj'), 404)
  fastify.requestFilter.replace({})
  t.equal(await statusOf(port, '/obj'), 200)
})

t.test('maxBodySize is that of the request\'s place', async t => {
  const sizes: unknown[] = []
  const { port } = await serve(t, {
    requestFiltering: {},
    places: [{ path: '/upload', requestFiltering: { requestLimits: { maxAllowedContentLength: 5 } } }, { path: '/free', requestFiltering: false }]
  }, fastify => fastify.addHook('preHandler', async request => { sizes.push(fastify.requestFilter.maxBodySize(request)) }))
  for (const target of ['/x', '/upload/x', '/free']) await statusOf(port, target)
  t.same(sizes, [30_000_000, 5, undefined])
})
