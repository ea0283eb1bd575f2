// The two spans of a WebSocket: a short one for its handshake, and one at its end with a link to that.
import { channel } from 'node:diagnostics_channel'
import { once } from 'node:events'
import http2 from 'node:http2'
import { CHANNELS, type TunnelCarrier } from '@fastify-arr/facts'
import { SpanKind, SpanStatusCode } from '@opentelemetry/api'
import { AlwaysOffSampler, ParentBasedSampler } from '@opentelemetry/sdk-trace-base'
import { serverFarm } from '@fastify-arr/server-farm'
import Fastify, { type FastifyRequest } from 'fastify'
import t, { type Test } from 'tap'
import { WebSocket } from 'ws'
import { openTelemetry } from '../src/index.ts'
import { eventually, one, parsed, portOf, proxy, sdk, upstream } from './subjects.ts'

const { CLIENT, INTERNAL, SERVER } = SpanKind

async function open (t: Test, port: number, path = '/', headers: Record<string, string> = {}): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, { headers })
  t.teardown(() => { socket.terminate() })
  socket.on('error', () => {})
  await once(socket, 'open')
  return socket
}

t.test('the spans of a handshake end with its 101; that of the WebSocket comes at its end, with a link', async t => {
  const { spans, ended } = sdk(t)
  const { url, seen } = await upstream(t)
  const { port, app } = await proxy(t, { upstream: url })
  const before = Date.now()
  const socket = await open(t, port, '/chat')
  const handshake = await spans(2)
  const [server, attempt] = [one(handshake, SERVER), one(handshake, CLIENT)]
  t.equal(app.tunnels.size, 1, 'it is open still')
  t.equal(server.attributes['http.response.status_code'], 101)
  t.equal(attempt.attributes['http.response.status_code'], 101)
  t.equal(server.status.code, SpanStatusCode.UNSET)
  t.same(parsed(seen[0]?.traceparent), { trace: server.spanContext().traceId, span: attempt.spanContext().spanId, flags: '01' }, 'the upstream is told the name of the attempt')

  socket.send('hello')
  await once(socket, 'message')
  t.equal(ended().length, 2, 'nothing while it is open')
  socket.close(1000)
  const life = one(await spans(3), INTERNAL)
  t.equal(life.name, 'websocket')
  t.same(life.links.map(({ context }) => context.spanId), [server.spanContext().spanId])
  t.equal(life.spanContext().traceId, server.spanContext().traceId)
  t.match(life.attributes, {
    'network.protocol.name': 'websocket',
    'fastify_arr.server': url,
    'fastify_arr.log_id': seen[0]?.['x-arr-log-id'],
    'fastify_arr.websocket.http_version': '1.1',
    'fastify_arr.websocket.close_code': 1000,
    'fastify_arr.websocket.closed_by': 'client',
    'fastify_arr.websocket.ending': 'end',
    'fastify_arr.websocket.received.messages': 1,
    'fastify_arr.websocket.sent.messages': 1,
    'fastify_arr.websocket.sent.bytes': 7 + 4
  })
  t.notOk('error.type' in life.attributes)
  t.equal(life.status.code, SpanStatusCode.UNSET)
  const [from, to] = [life.startTime, life.endTime].map(([seconds, nanos]) => seconds * 1000 + nanos / 1e6) as [number, number]
  t.ok(from >= before && to >= from && to <= Date.now(), 'it has begun when the WebSocket opened')
})

t.test('a WebSocket that the upstream drops without a Close frame has the error 1006', async t => {
  const { spans } = sdk(t)
  const { url } = await upstream(t)
  const { port } = await proxy(t, { upstream: url })
  const socket = await open(t, port, '/crash')
  socket.send('now')
  await once(socket, 'close')
  const life = one(await spans(3), INTERNAL)
  t.match(life, { status: { code: SpanStatusCode.ERROR }, attributes: { 'error.type': '1006', 'fastify_arr.websocket.closed_by': 'upstream' } })
  t.notOk('fastify_arr.websocket.close_code' in life.attributes)
})

t.test('a WebSocket that a limit ends has the name of the limit', async t => {
  const { spans } = sdk(t)
  const { url } = await upstream(t)
  const { port } = await proxy(t, { upstream: url, websocket: { maxAge: 50, closeGrace: 100 } })
  const socket = await open(t, port)
  await once(socket, 'close')
  t.match(one(await spans(3), INTERNAL).attributes, { 'error.type': 'age', 'fastify_arr.websocket.limit': 'age', 'fastify_arr.websocket.closed_by': 'proxy' })
})

t.test('a refused handshake has its two spans and no third', async t => {
  const { spans } = sdk(t)
  const { url, seen } = await upstream(t)
  const { port } = await proxy(t, { upstream: url })
  const socket = new WebSocket(`ws://127.0.0.1:${port}/forbidden`)
  socket.on('error', () => {})
  const [, answer] = await once(socket, 'unexpected-response')
  answer.resume()
  await once(answer, 'close')
  const all = await spans(2)
  t.match(one(all, SERVER), { status: { code: SpanStatusCode.UNSET }, attributes: { 'http.response.status_code': 403 } })
  const attempt = one(all, CLIENT)
  t.match(attempt, { status: { code: SpanStatusCode.ERROR }, attributes: { 'http.response.status_code': 403, 'error.type': '403' } })
  t.equal(parsed(seen[0]?.traceparent).span, attempt.spanContext().spanId)
  socket.terminate()
})

t.test('a handshake that a dead server of a farm fails has two attempts, each with its name', async t => {
  const { spans } = sdk(t)
  const { url, seen } = await upstream(t)
  const { port } = await proxy(t, { upstream: 'http://chat' }, {
    between: app => app.register(serverFarm, { farms: [{ name: 'chat', servers: [{ address: '127.0.0.1', httpPort: 1 }, { address: '127.0.0.1', httpPort: Number(new URL(url).port) }], retry: { attempts: 1, on: ['connect'], budget: 5 } }] } as never)
  })
  let first
  for (let i = 0; first === undefined && i < 4; i++) {
    (await open(t, port)).terminate()
    first = (await spans(3 * (i + 1))).find(({ attributes }) => attributes['error.type'] === 'FST_ARR_UPSTREAM_REFUSED')
  }
  const second = one(await spans(4), CLIENT, { 'http.request.resend_count': 1 })
  t.equal(first?.parentSpanContext?.spanId, second.parentSpanContext?.spanId)
  t.equal(parsed(seen.at(-1)?.traceparent).span, second.spanContext().spanId)
})

t.test('over HTTP/2, the exchange has the 200 that the client got, the attempt the 101', async t => {
  const { spans } = sdk(t)
  const { url } = await upstream(t)
  const { port } = await proxy(t, { upstream: url }, { server: { http2: true, serverFactory: (handler: never) => http2.createServer({ settings: { enableConnectProtocol: true } }, handler) } })
  const session = http2.connect(`http://127.0.0.1:${port}`)
  t.teardown(() => session.destroy())
  await once(session, 'remoteSettings')
  const stream = session.request({ ':method': 'CONNECT', ':protocol': 'websocket', ':path': '/', 'sec-websocket-version': '13' })
  await once(stream, 'response')
  const handshake = await spans(2)
  t.equal(one(handshake, SERVER).attributes['http.response.status_code'], 200)
  t.equal(one(handshake, CLIENT).attributes['http.response.status_code'], 101)
  stream.close()
  t.match(one(await spans(3), INTERNAL).attributes, { 'fastify_arr.websocket.http_version': '2' })
})

t.test('a WebSocket whose handshake is not sampled has no span at its end', async t => {
  const { ended } = sdk(t, new ParentBasedSampler({ root: new AlwaysOffSampler() }))
  const { url, seen } = await upstream(t)
  const { port, app } = await proxy(t, { upstream: url })
  const socket = await open(t, port)
  t.equal(parsed(seen[0]?.traceparent).flags, '00')
  socket.close()
  await once(socket, 'close')
  await eventually(() => app.tunnels.size === 0, 'it is over')
  t.same(ended(), [])
})

t.test('the span of a WebSocket is made in the process that it has moved to, in the trace of its handshake', async t => {
  const { spans } = sdk(t)
  const carriers: TunnelCarrier[] = []
  const requests: FastifyRequest[] = []
  const { url } = await upstream(t)
  const { port, app } = await proxy(t, { upstream: url }, {
    before: app => {
      app.addHook('onReady', async () => { Object.assign(app.tunnels, { carry: (carrier: TunnelCarrier) => { carriers.push(carrier) } }) })
      app.addHook('onRequest', async request => { requests.push(request) })
    }
  })
  const other = Fastify()
  t.teardown(() => other.close())
  other.decorate('tunnels', { carry: (carrier: TunnelCarrier) => { carriers.push(carrier) } } as never)
  await other.register(openTelemetry)
  await other.ready()
  await open(t, port)
  const handshake = one(await spans(2), SERVER).spanContext()
  t.equal(app.tunnels.size, 1)
  const [give, take] = carriers as [TunnelCarrier, TunnelCarrier]
  const given = JSON.parse(JSON.stringify(give.give(requests[0] as FastifyRequest)))
  const adopted = { raw: {} } as FastifyRequest
  take.take(adopted, given)
  const flow = { bytes: 3, messages: 1, text: 1, binary: 0, pings: 0, pongs: 0, lastActivity: 0 }
  channel(CHANNELS.tunnelClose).publish({ request: adopted, tunnel: { ...requests[0]?.upstream?.tunnel, received: flow, sent: flow, closedBy: 'client', closeCode: 1001, ending: 'end' } })
  const life = one(await spans(3), INTERNAL)
  t.equal(life.links[0]?.context.spanId, handshake.spanId)
  t.equal(life.attributes['fastify_arr.websocket.close_code'], 1001)
  take.take({ raw: {} } as FastifyRequest, { traceId: 'none' })
  t.equal(portOf(app.server), port)
})
