// Which exchanges have spans? Those that begin while an SDK is registered. Until the first of them, nobody listens to any channel.
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { diag } from '@opentelemetry/api'
import { CHANNELS, type AttemptAnswered, type AttemptFailed, type AttemptMessage, type AttemptSent, type TunnelMessage } from '@fastify-arr/facts'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Settings } from '../options.ts'
import { Registered } from '../sdk/registered.ts'
import { endAtClose, forget } from './closing.ts'
import { Exchange } from './exchange.ts'
import { isSampled, OpenSocket } from './open-socket.ts'

// A property of Node's request: every garbage collection would have to go through a WeakMap.
const TRACED = Symbol('the spans of a request')

type Traced = FastifyRequest['raw'] & { [TRACED]?: Exchange | OpenSocket | null }

/** The exchanges of one server. */
export class Exchanges {
  readonly #settings: Settings
  readonly #sdk = new Registered()
  #stop: (() => void) | null = null

  constructor (settings: Settings) {
    this.#settings = settings
  }

  /** To be called in a request's first hook. A rewritten request passes it twice. Null where the request has no spans. */
  begin (request: FastifyRequest, reply: FastifyReply): Exchange | null {
    const { tracer } = this.#sdk
    if (tracer === null) return null
    const raw: Traced = request.raw
    const before = raw[TRACED]
    if (before instanceof Exchange) {
      before.request = request
      return before
    }
    if (this.#settings.ignore?.(request) === true) return null
    const exchange = new Exchange(this, tracer, request, reply.raw, this.#sdk.fields)
    if (!exchange.isTraced) return null
    this.#stop ??= this.#listen()
    raw[TRACED] = exchange
    endAtClose(exchange)
    return exchange
  }

  /** The exchange of a request that has one. */
  of ({ raw }: FastifyRequest): Exchange | null {
    const traced = (raw as Traced)[TRACED]
    return traced instanceof Exchange ? traced : null
  }

  stop (): void {
    this.#stop?.()
    this.#stop = null
  }

  /** What moves to another process with the tunnel of a request; undefined where it has no spans. */
  give ({ raw }: FastifyRequest): unknown {
    const traced = (raw as Traced)[TRACED]
    ;(raw as Traced)[TRACED] = null
    return traced instanceof OpenSocket && traced.owner === this ? traced.carried : undefined
  }

  /** What has come from another process with the tunnel of a request. */
  take ({ raw }: FastifyRequest, carried: unknown): void {
    const socket = OpenSocket.of(this, carried)
    if (socket === null) return
    this.#stop ??= this.#listen()
    ;(raw as Traced)[TRACED] = socket
  }

  #opened (exchange: Exchange): void {
    exchange.end(true)
    forget(exchange)
    const { request } = exchange
    // Nothing that lives as long as the WebSocket keeps the spans.
    request.attemptHeaders = null
    const name = exchange.span.spanContext()
    ;(request.raw as Traced)[TRACED] = isSampled(name) ? new OpenSocket(this, name) : null
  }

  #listen (): () => void {
    const of = (handle: (exchange: Exchange, message: never) => void) => (message: unknown): void => {
      const exchange = this.of((message as AttemptMessage).request)
      if (exchange !== null && exchange.owner === this) handle(exchange, message as never)
    }
    const listeners = ([
      [CHANNELS.attemptBegan, of((exchange, { server }: AttemptMessage) => { exchange.attemptBegan(server) })],
      [CHANNELS.attemptSent, of((exchange, message: AttemptSent) => { exchange.attemptSent(message) })],
      [CHANNELS.attemptAnswered, of((exchange, message: AttemptAnswered) => { exchange.attemptAnswered(message) })],
      [CHANNELS.attemptFailed, of((exchange, message: AttemptFailed) => { exchange.attemptFailed(message) })],
      [CHANNELS.tunnelOpen, of(exchange => { this.#opened(exchange) })],
      [CHANNELS.tunnelClose, message => { this.#closed(message as TunnelMessage) }]
    ] satisfies Array<[string, (message: unknown) => void]>).map(([name, listener]) => [name, quietly(listener)] as const)
    for (const [name, listener] of listeners) subscribe(name, listener)
    return () => { for (const [name, listener] of listeners) unsubscribe(name, listener) }
  }

  #closed ({ request, tunnel }: TunnelMessage): void {
    const raw: Traced = request.raw
    const socket = raw[TRACED]
    if (!(socket instanceof OpenSocket) || socket.owner !== this) return
    raw[TRACED] = null
    const { tracer } = this.#sdk
    if (tracer !== null) socket.end(tracer, request, tunnel)
  }
}

/** What a subscriber throws would end the process. A span processor of the user's may throw. */
function quietly (listener: (message: unknown) => void): (message: unknown) => void {
  return message => {
    try {
      listener(message)
    } catch (error) {
      diag.error('open-telemetry: a span could not be made', error)
    }
  }
}
