// What is one exchange? The span of the request, and the spans of the attempts to reach a server under it.
import { type Context, isSpanContextValid, propagation, type Span, SpanKind, trace, type Tracer } from '@opentelemetry/api'
import type { AttemptAnswered, AttemptFailed, AttemptHeaders, AttemptSent } from '@fastify-arr/facts'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { spanName } from '../attributes/methods.ts'
import { tellOutcome } from '../attributes/outcome.ts'
import type { Facts } from '../attributes/place.ts'
import { requestAttributes } from '../attributes/request.ts'
import { inside, parentOf } from '../sdk/parent.ts'
import { beginAttempt, noteAnswer, noteError, noteFailure, noteSent } from './attempt.ts'

const WRITER = { set (headers: string[], name: string, value: string) { headers.push(name, value) } }

export class Exchange implements AttemptHeaders {
  /** Whose it is: the channels tell of the exchanges of all servers of the process. */
  readonly owner: object
  readonly replaced: ReadonlySet<string>
  readonly span: Span
  /** In which everything that belongs to the request runs. */
  readonly context: Context
  request: FastifyRequest
  readonly response: FastifyReply['raw']
  readonly #tracer: Tracer
  #attempt: Span | null = null
  #attempts = 0
  #isOver = false

  /** `replaced` are the names of the headers that name a span. */
  constructor (owner: object, tracer: Tracer, request: FastifyRequest, response: FastifyReply['raw'], replaced: ReadonlySet<string>) {
    this.owner = owner
    this.replaced = replaced
    this.request = request
    this.response = response
    this.#tracer = tracer
    const parent = parentOf(request)
    const { url } = request.routeOptions
    const method = spanName(request.method)
    this.span = tracer.startSpan(url === undefined ? method : `${method} ${url}`, {
      kind: parent.isServed ? SpanKind.INTERNAL : SpanKind.SERVER,
      attributes: requestAttributes(request)
    }, parent.context)
    this.context = inside(parent, this.span, url)
  }

  /** False where a span has no name: tracing is switched off for this request, or for all. */
  get isTraced (): boolean {
    return isSpanContextValid(this.span.spanContext())
  }

  /** The headers that name the span of the attempt. */
  next (server: string): readonly string[] {
    const headers: string[] = []
    propagation.inject(trace.setSpan(this.context, this.#attempt ?? this.#begin(server)), headers, WRITER)
    return headers
  }

  attemptBegan (server: string): void {
    // One that was dropped, because another server is asked, has told no failure.
    this.#endAttempt()
    this.#begin(server)
  }

  #begin (server: string): Span {
    this.#attempt = beginAttempt(this.#tracer, this.context, this.request.method, server, this.#attempts++)
    return this.#attempt
  }

  attemptSent (message: AttemptSent): void {
    if (this.#attempt !== null) noteSent(this.#attempt, message)
  }

  attemptAnswered (message: AttemptAnswered): void {
    if (this.#attempt !== null) noteAnswer(this.#attempt, message)
  }

  attemptFailed (message: AttemptFailed): void {
    if (this.#attempt === null) return
    noteFailure(this.#attempt, message)
    this.#endAttempt()
  }

  #endAttempt (): void {
    this.#attempt?.end()
    this.#attempt = null
  }

  /** It is over: its response has closed, or its WebSocket has opened. Only the first end counts. */
  end (switched: boolean): void {
    if (this.#isOver) return
    this.#isOver = true
    const error = switched ? null : (this.request as Facts).upstream?.error
    if (this.#attempt !== null && error?.code !== undefined) noteError(this.#attempt, error.code)
    this.#endAttempt()
    if (this.span.isRecording()) tellOutcome(this.span, this.request, this.response, switched)
    this.span.end()
  }
}
