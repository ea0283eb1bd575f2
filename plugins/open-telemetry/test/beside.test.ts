// Without an SDK nothing is done, and beside @fastify/otel there is one server span.
import { channel } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { CHANNELS } from '@fastify-arr/facts'
import { FastifyOtelInstrumentation } from '@fastify/otel'
import { context, propagation, SpanKind, trace } from '@opentelemetry/api'
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base'
import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { WebSocket } from 'ws'
import { one, parsed, proxy, sdk, upstream } from './subjects.ts'

const { CLIENT, INTERNAL, SERVER } = SpanKind
const GIVEN = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

const subscribed = (): string[] => Object.values(CHANNELS).filter(name => channel(name).hasSubscribers)

t.test('without an SDK, headers pass as they came, and nobody listens to a channel', async t => {
  const { url, seen } = await upstream(t)
  let facts: unknown
  const { url: at, port } = await proxy(t, { upstream: url }, { between: app => app.addHook('preHandler', async request => { facts = request.attemptHeaders }) })
  await (await fetch(at, { headers: { traceparent: GIVEN, baggage: 'a=b' } })).text()
  t.match(seen[0], { traceparent: GIVEN, baggage: 'a=b' })
  t.equal(facts, null)
  const socket = new WebSocket(`ws://127.0.0.1:${port}`, { headers: { traceparent: GIVEN } })
  await once(socket, 'open')
  t.equal(seen[1]?.traceparent, GIVEN)
  socket.terminate()
  t.same(subscribed(), [])

  await t.test('one that is registered later is found', async t => {
    const { spans } = sdk(t)
    await (await fetch(at)).text()
    const attempt = one(await spans(2), CLIENT)
    t.equal(parsed(seen.at(-1)?.traceparent).span, attempt.spanContext().spanId)
    t.ok(subscribed().length > 0)
  })
  await t.test('and one that is gone again is no longer asked', async t => {
    await (await fetch(at, { headers: { traceparent: GIVEN } })).text()
    t.equal(seen.at(-1)?.traceparent, GIVEN)
  })
})

t.test('a propagator alone names no spans: the headers pass as they came', async t => {
  const { spans } = sdk(t)
  const { url, seen } = await upstream(t)
  const { url: at } = await proxy(t, { upstream: url })
  await (await fetch(at)).text()
  await spans(2)
  trace.disable()
  const given = { traceparent: GIVEN, tracestate: 'Not Valid, a = b' }
  await (await fetch(at, { headers: given })).text()
  t.match(seen[1], given)
})

t.test('a server that has closed listens no longer', async t => {
  const { spans } = sdk(t)
  const { url } = await upstream(t)
  const { app, url: at } = await proxy(t, { upstream: url })
  await (await fetch(at)).text()
  await spans(2)
  t.not(subscribed().length, 0)
  await app.close()
  t.same(subscribed(), [])
})

t.test('an SDK without a propagator: the client\'s headers pass as they came', async t => {
  const { spans } = sdk(t)
  propagation.disable()
  const { url, seen } = await upstream(t)
  const { url: at } = await proxy(t, { upstream: url })
  await (await fetch(at, { headers: { traceparent: GIVEN } })).text()
  await spans(2)
  t.equal(seen[0]?.traceparent, GIVEN)
})

for (const when of ['before', 'after'] as const) {
  for (const manager of [true, false]) {
    t.test(`@fastify/otel registered ${when} it, ${manager ? 'with' : 'without'} a context manager`, async t => {
      const { spans, provider } = sdk(t)
      if (!manager) context.disable()
      const { url, seen } = await upstream(t)
      const otel = new FastifyOtelInstrumentation({ instrumentHooks: false, instrumentHandler: false })
      otel.setTracerProvider(provider)
      const plugin = (app: FastifyInstance) => app.register(otel.plugin() as never)
      const { url: at, port } = await proxy(t, { upstream: url }, when === 'before' ? { before: plugin } : { between: plugin })
      await (await fetch(at, { headers: { traceparent: GIVEN } })).text()
      const ours = (span: ReadableSpan) => span.attributes['fastify_arr.server'] !== undefined
      const all = await spans(3)
      const own = all.find(ours) as ReadableSpan
      const theirs = all.find(({ name }) => name === 'request') as ReadableSpan
      const id = (span: ReadableSpan) => span.spanContext().spanId
      t.equal(one(all, CLIENT).parentSpanContext?.spanId, id(own))
      t.equal(new Set(all.map(span => span.spanContext().traceId)).size, 1)
      if (when === 'before') {
        t.equal(theirs.kind, SERVER)
        t.equal(own.kind, INTERNAL)
        t.equal(own.parentSpanContext?.spanId, id(theirs))
      } else if (manager) {
        t.equal(own.kind, SERVER)
        t.equal(theirs.kind, INTERNAL)
        t.equal(theirs.parentSpanContext?.spanId, id(own))
      }
      t.equal(parsed(seen[0]?.traceparent).span, id(one(all, CLIENT)))

      const socket = new WebSocket(`ws://127.0.0.1:${port}/chat`)
      await once(socket, 'open')
      const handshake = (await spans(all.length + 3)).slice(all.length)
      t.ok(handshake.some(({ name, attributes }) => name === 'request' && attributes['url.path'] === '/chat'), 'that of @fastify/otel has ended as well')
      t.equal(handshake.filter(({ kind }) => kind === SERVER).length, manager || when === 'before' ? 1 : 2)
      socket.close()
      await once(socket, 'close')
      const life = (await spans(all.length + handshake.length + 1)).find(({ name }) => name === 'websocket')
      t.equal(life?.links[0]?.context.spanId, id(handshake.find(ours) as ReadableSpan))
    })
  }
}

t.test('a request for which tracing is suppressed passes as it came', async t => {
  const { ended } = sdk(t)
  const { createContextKey } = await import('@opentelemetry/api')
  const suppressed = createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING')
  const { url, seen } = await upstream(t)
  const { url: at } = await proxy(t, { upstream: url }, {
    before: app => app.addHook('onRequest', (_request, _reply, done) => { context.with(context.active().setValue(suppressed, true), done) })
  })
  await (await fetch(at, { headers: { traceparent: GIVEN } })).text()
  t.equal(seen[0]?.traceparent, GIVEN)
  t.same(ended(), [])
  t.equal(trace.getActiveSpan(), undefined)
})
