// What the tests of spans share: an SDK that keeps them, an upstream that says what it was sent, and a proxy between.
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { context, propagation, trace, type Attributes } from '@opentelemetry/api'
import { InMemorySpanExporter, type ReadableSpan, type Sampler, SimpleSpanProcessor, type SpanProcessor } from '@opentelemetry/sdk-trace-base'
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node'
import { upstreamProxy, type UpstreamProxyOptions } from '@fastify-arr/upstream-proxy'
import Fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify'
import type { Test } from 'tap'
import { WebSocketServer } from 'ws'
import { openTelemetry, type OpenTelemetryOptions } from '../src/index.ts'

export interface Sdk {
  /** Waits until so many have ended and no other is open, and gives them in the order of their ends. */
  spans (count: number): Promise<ReadableSpan[]>
  /** Those that have ended by now. */
  ended (): ReadableSpan[]
  readonly provider: NodeTracerProvider
}

/** Registers an SDK for the process, until the test is over. */
export function sdk (t: Test, sampler?: Sampler): Sdk {
  const exporter = new InMemorySpanExporter()
  let open = 0
  const counter: SpanProcessor = { onStart: () => open++, onEnd: () => open--, forceFlush: async () => {}, shutdown: async () => {} }
  const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter), counter], ...(sampler !== undefined && { sampler }) })
  provider.register()
  t.teardown(async () => {
    trace.disable()
    context.disable()
    propagation.disable()
    await provider.shutdown()
  })
  return {
    provider,
    ended: () => exporter.getFinishedSpans(),
    async spans (count) {
      await eventually(() => exporter.getFinishedSpans().length >= count && open === 0, () => `${count} spans have ended: ${exporter.getFinishedSpans().length} have, ${open} are open`)
      return [...exporter.getFinishedSpans()]
    }
  }
}

/** Looks again after each turn of the event loop; gives up after a time that no sound machine needs. */
export async function eventually (isSo: () => boolean, what: string | (() => string)): Promise<void> {
  const end = Date.now() + 10_000
  while (!isSo()) {
    if (Date.now() > end) throw new Error(typeof what === 'string' ? what : what())
    await new Promise(resolve => setTimeout(resolve, 5))
  }
}

export interface Upstream {
  readonly url: string
  readonly server: Server
  /** The headers of each request and handshake. */
  readonly seen: IncomingHttpHeaders[]
  readonly sockets: WebSocketServer
}

/** Below /missing it answers 404, below /busy 503, /never not at all; at /forbidden it refuses a WebSocket, at /crash it drops one. */
export async function upstream (t: Test): Promise<Upstream> {
  const seen: IncomingHttpHeaders[] = []
  const server = createServer((request, response) => {
    seen.push(request.headers)
    const path = request.url ?? '/'
    if (path.startsWith('/never')) return
    request.resume()
    request.on('end', () => {
      response.statusCode = path.startsWith('/missing') ? 404 : path.startsWith('/busy') ? 503 : 200
      if (path.startsWith('/cut')) {
        response.write('the beginning', () => response.destroy())
        return
      }
      response.end('page')
    })
  })
  const sockets = new WebSocketServer({
    server,
    verifyClient: ({ req }, done) => {
      seen.push(req.headers)
      done(req.url !== '/forbidden', 403)
    }
  })
  sockets.on('connection', (socket, request) => {
    socket.on('error', () => {})
    socket.on('message', (message, binary) => {
      if (request.url === '/crash') socket.terminate()
      else socket.send(message, { binary })
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    for (const client of sockets.clients) client.terminate()
    server.close()
    server.closeAllConnections()
  })
  return { url: `http://127.0.0.1:${portOf(server)}`, server, seen, sockets }
}

export interface Proxy {
  readonly app: FastifyInstance
  readonly port: number
  readonly url: string
}

/** A proxy with spans. */
export async function proxy (t: Test, options: UpstreamProxyOptions, more: { server?: object, spans?: OpenTelemetryOptions, before?: (app: FastifyInstance) => unknown, between?: (app: FastifyInstance) => unknown } = {}): Promise<Proxy> {
  const app = Fastify(more.server as FastifyServerOptions)
  t.teardown(() => app.close())
  await more.before?.(app)
  await app.register(openTelemetry, more.spans ?? {})
  await more.between?.(app)
  await app.register(upstreamProxy, { websocket: { drain: { window: 0, deadline: 1 } }, ...options })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const port = portOf(app.server)
  return { app, port, url: `http://127.0.0.1:${port}` }
}

export function portOf (server: Server | FastifyInstance['server']): number {
  return (server.address() as AddressInfo).port
}

/** A bare connection to a proxy. */
export function raw (t: Test, port: number): Socket {
  const socket = connect({ port, host: '127.0.0.1' })
  socket.on('error', () => {})
  t.teardown(() => socket.destroy())
  return socket
}

/** The only span that has all of these attributes. */
export function one (spans: readonly ReadableSpan[], kind: number, attributes: Attributes = {}): ReadableSpan {
  const [found, ...others] = spans.filter(span => span.kind === kind && Object.entries(attributes).every(([name, value]) => span.attributes[name] === value))
  if (found === undefined || others.length > 0) throw new Error(`${others.length + (found === undefined ? 0 : 1)} spans are of kind ${kind} with ${JSON.stringify(attributes)}: ${JSON.stringify(spans.map(({ name, kind, attributes }) => ({ name, kind, attributes })), null, 1)}`)
  return found
}

/** What a `traceparent` says (https://www.w3.org/TR/trace-context/#traceparent-header). */
export function parsed (traceparent: unknown): { trace: string, span: string, flags: string } {
  const [, trace = '', span = '', flags = ''] = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(String(traceparent)) ?? []
  return { trace, span, flags }
}
