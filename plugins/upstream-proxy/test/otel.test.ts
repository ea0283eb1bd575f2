// The spans of @fastify/otel beside the proxy: each request's ends, once, with the status that the client got.
import { once } from 'node:events'
import { FastifyOtelInstrumentation } from '@fastify/otel'
import { InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor, type SpanProcessor } from '@opentelemetry/sdk-trace-base'
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import t, { type Test } from 'tap'
import upstreamProxy from '../src/index.ts'
import { ask, client, eventually, handshake, httpUpstream, proxy, until, type Proxy } from './parts.ts'
import { agreeing, ask as askStream, AT_ONCE, http2Proxy, open, openStream, session, type Agreeing } from './tunnel-subjects.ts'

interface Traced extends Proxy {
  readonly upstream: Agreeing
  /** The request spans that have ended. */
  spans (): ReadableSpan[]
  /** Waits until one has ended and all others too, and checks it. */
  ended (t: Test, expected: { path: string, status: number, method?: string, error?: boolean }): Promise<void>
}

/** A proxy with @fastify/otel, which is registered before it or after it. Below /pages the upstream is a web server, below /dead there is none, and the one of /socket agrees to every WebSocket. */
async function traced (t: Test, when: 'before' | 'after', http: '1.1' | '2' = '1.1'): Promise<Traced> {
  const exporter = new InMemorySpanExporter()
  let open = 0
  const counter: SpanProcessor = { onStart: () => open++, onEnd: () => open--, forceFlush: async () => {}, shutdown: async () => {} }
  const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter), counter] })
  const instrumentation = new FastifyOtelInstrumentation()
  instrumentation.setTracerProvider(provider)
  t.teardown(() => provider.shutdown())
  const plugin = instrumentation.plugin() as never

  const pages = await httpUpstream(t)
  pages.server.on('request', (request, response) => {
    if (request.url === '/pages/never') return
    request.resume()
    request.on('end', () => { response.writeHead(request.url === '/pages/none' ? 404 : 200).end('the page') })
  })
  const upstream = await agreeing(t)
  const options = { upstream: upstream.url, prefix: '/other' }
  const before = async (app: FastifyInstance) => {
    if (when === 'before') await app.register(plugin)
    await app.register(upstreamProxy, { upstream: `${pages.url}/pages`, prefix: '/pages', websocket: AT_ONCE })
    await app.register(upstreamProxy, { upstream: 'http://127.0.0.1:1', prefix: '/dead', websocket: AT_ONCE })
    await app.register(upstreamProxy, { upstream: upstream.url, prefix: '/socket', websocket: AT_ONCE })
    if (when === 'after') await app.register(plugin)
  }
  const subject = http === '2' ? await http2Proxy(t, options, before) : await proxy(t, options, { before })
  const spans = () => exporter.getFinishedSpans().filter(({ name }) => name === 'request')
  return {
    ...subject,
    upstream,
    spans,
    async ended (t, { path, status, method = 'GET', error = false }) {
      await eventually(() => spans().length > 0 && open === 0, 'all spans have ended')
      const [{ attributes, status: { code } }, ...more] = spans() as [ReadableSpan, ...ReadableSpan[]]
      t.match(attributes, { 'url.path': path, 'http.request.method': method, 'http.response.status_code': status })
      if (when === 'before') t.equal(code === 2, error, 'an error is one')
      t.same(more, [], 'once')
      exporter.reset()
    }
  }
}

/** A plain request's text; the connection ends with it. */
function plain (method: string, path: string, body = ''): string {
  return `${method} ${path} HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`
}

for (const when of ['before', 'after'] as const) {
  t.test(`the span of a request ends with its answer, where @fastify/otel is registered ${when} the proxy`, async t => {
    const { port, ended } = await traced(t, when)
    for (const [method, path, status] of [['GET', '/pages/a', 200], ['POST', '/pages/b', 200], ['GET', '/pages/none', 404], ['GET', '/dead/a', 502]] as const) {
      t.match(await ask(t, port, plain(method, path, method === 'POST' ? 'a body' : '')), `HTTP/1.1 ${status} `)
      await ended(t, { path, status, method, error: status === 502 })
    }
  })

  t.test(`the span of a WebSocket ends with its 101, where @fastify/otel is registered ${when} the proxy`, async t => {
    const { port, upstream, ended, spans, closed, app } = await traced(t, when)
    const { near, far } = await open(t, port, upstream, '/socket')
    await ended(t, { path: '/socket', status: 101 })
    t.equal(app.tunnels.size, 1, 'it is open still')
    near.destroy()
    far.destroy()
    await eventually(() => closed.length === 1, 'it is over')
    t.same(spans(), [], 'nothing follows at its end')
  })

  t.test(`the span of a WebSocket over HTTP/2 ends with its 200, where @fastify/otel is registered ${when} the proxy`, async t => {
    const { port, upstream, ended, spans, closed, app } = await traced(t, when, '2')
    const near = askStream(await session(t, port), { ':path': '/socket' })
    const far = await upstream.next()
    await ended(t, { path: '/socket', status: 200 })
    t.equal(app.tunnels.size, 1, 'it is open still')
    near.close()
    far.destroy()
    await eventually(() => closed.length === 1, 'it is over')
    t.same(spans(), [], 'nothing follows at its end')
  })

  t.test(`the span of a refused WebSocket ends with the refusal, where @fastify/otel is registered ${when} the proxy`, async t => {
    const { port, ended } = await traced(t, when)
    t.match(await ask(t, port, handshake('/pages/none')), 'HTTP/1.1 404 ')
    await ended(t, { path: '/pages/none', status: 404 })
    t.match(await ask(t, port, handshake('/dead/')), 'HTTP/1.1 502 ')
    await ended(t, { path: '/dead/', status: 502, error: true })
    t.match(await ask(t, port, handshake('/socket').replace(/^Sec-WebSocket-Key.*\r\n/m, '')), 'HTTP/1.1 400 ')
    await ended(t, { path: '/socket', status: 400, error: true })
  })
}

for (const [what, text] of [['a request', plain('GET', '/pages/never')], ['a WebSocket', handshake('/pages/never')]] as const) {
  t.test(`the span of ${what} whose client leaves before the answer ends with 499`, async t => {
    const { port, ended, requests } = await traced(t, 'before')
    const near = client(t, port)
    near.write(text)
    await eventually(() => requests[0]?.upstream?.connectTime != null, 'the upstream is asked')
    near.resetAndDestroy()
    await ended(t, { path: '/pages/never', status: 499 })
  })
}

t.test('onResponse runs once for a WebSocket, when it opens, and has the fact of its tunnel', async t => {
  for (const http of ['1.1', '2'] as const) {
    const seen: Array<{ status: number, tunnel: string | undefined, open: number, request: FastifyRequest }> = []
    const upstream = await agreeing(t)
    const before = (app: FastifyInstance) => app.addHook('onResponse', async (request, reply) => {
      seen.push({ status: reply.statusCode, tunnel: request.upstream?.tunnel?.protocol, open: app.tunnels.size, request })
    })
    const options = { upstream: upstream.url, websocket: AT_ONCE }
    const { port, closed } = http === '2' ? await http2Proxy(t, options, before) : await proxy(t, options, { before })
    const { near, far } = http === '2' ? await openStream(await session(t, port), upstream) : await open(t, port, upstream)
    await eventually(() => seen.length > 0, 'it has run')
    t.match(seen[0], { status: http === '2' ? 200 : 101, tunnel: 'websocket', open: 1 })
    near.destroy()
    far.destroy()
    await eventually(() => closed.length === 1, 'it is over')
    t.equal(seen.length, 1)
  }
})

t.test('an onSend hook that fails before a 101 leaves no 101 behind', async t => {
  const upstream = await agreeing(t)
  const seen: number[] = []
  const { port } = await proxy(t, { upstream: upstream.url, websocket: AT_ONCE }, {
    before: app => {
      app.addHook('onSend', async (_request, reply) => {
        seen.push(reply.statusCode)
        if (reply.statusCode === 101) throw new Error('no')
      })
    }
  })
  const near = client(t, port)
  near.write(handshake())
  t.match(await until(near, text => text.includes('\r\n\r\n')), 'HTTP/1.1 500 ')
  await once(near, 'end')
  t.same(seen, [101, 500])
})
