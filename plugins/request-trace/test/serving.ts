// Shared by the tests of this package: a server that traces, an upstream with WebSockets, and the traces that were written.
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { CHANNELS, type TraceWritten } from '@fastify-arr/facts'
import { upstreamProxy } from '@fastify-arr/upstream-proxy'
import fastify, { LogController, type FastifyInstance, type FastifyServerOptions } from 'fastify'
import type { Test } from 'tap'
import { WebSocketServer, type WebSocket } from 'ws'
import { requestTrace, type RequestTraceOptions, type Trace, type TraceEvent } from '../src/index.ts'

export interface Serving {
  readonly app: FastifyInstance
  readonly directory: string
  /** Lines of the log, as objects. */
  readonly lines: Array<Record<string, unknown>>
  readonly port: number
  /** Resolves once so many traces have been written; the newest first. */
  written (count: number): Promise<Trace[]>
}

type Plugins = (app: FastifyInstance) => void | Promise<void>

/** `before` and `after`: what is registered around the plugin. */
export async function serve (t: Test, options: RequestTraceOptions, after: Plugins = () => {}, before: Plugins = () => {}, server: FastifyServerOptions = {}): Promise<Serving> {
  const directory = options.directory === undefined ? t.testdir() : options.directory ?? ''
  const lines: Serving['lines'] = []
  const stream = { write (text: string) { lines.push(JSON.parse(text)) } }
  const app = fastify({ logController: new LogController({ disableRequestLogging: true }), logger: { level: 'info', stream }, ...server } as FastifyServerOptions) as unknown as FastifyInstance
  let wake = () => {}
  const onWritten = () => { wake() }
  subscribe(CHANNELS.traceWritten, onWritten)
  t.teardown(async () => {
    unsubscribe(CHANNELS.traceWritten, onWritten)
    await app.close()
  })
  await before(app)
  await app.register(requestTrace, { directory, ...options })
  await after(app)
  await app.listen({ port: 0, host: '127.0.0.1' })
  return {
    app,
    directory,
    lines,
    port: (app.server.address() as AddressInfo).port,
    async written (count) {
      while (app.traces.written < count) await new Promise<void>(resolve => { wake = resolve })
      return [...app.traces]
    }
  }
}

/** The messages of the traces that are written from now on. */
export function messagesOf (t: Test): TraceWritten[] {
  const messages: TraceWritten[] = []
  const listener = (message: unknown) => { messages.push(message as TraceWritten) }
  subscribe(CHANNELS.traceWritten, listener)
  t.teardown(() => { unsubscribe(CHANNELS.traceWritten, listener) })
  return messages
}

/** An HTTP server on a free port; what is open is cut at the test's end. */
export async function upstream (t: Test, answer: RequestListener, webSocket?: (socket: WebSocket, raw: Socket) => void): Promise<{ port: number, server: Server }> {
  const server = createServer(answer)
  const sockets = new Set<Socket>()
  server.on('connection', socket => { sockets.add(socket) })
  if (webSocket !== undefined) {
    const webSockets = new WebSocketServer({ server })
    webSockets.on('connection', (socket, request) => {
      socket.on('error', () => {})
      webSocket(socket, request.socket)
    })
  }
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, server }
}

/** Registers the proxy. */
export function proxyTo (port: number): Plugins {
  return async app => { await app.register(upstreamProxy, { upstream: `http://127.0.0.1:${port}` }) }
}

export function names ({ events }: Pick<Trace, 'events'>): string[] {
  return events.map(({ name }) => name)
}

export function eventsOf ({ events }: Pick<Trace, 'events'>, name: string): TraceEvent[] {
  return events.filter(event => event.name === name)
}

/** The values of the first event with this name; empty where there is none. */
export function dataOf (trace: Pick<Trace, 'events'>, name: string): Record<string, string | number | boolean> {
  return { ...eventsOf(trace, name)[0]?.data }
}
