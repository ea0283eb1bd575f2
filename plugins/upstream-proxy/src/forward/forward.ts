// The journey of one HTTP request to its upstream, and of the answer back.
//
//   1. prepare, once      the request's head is serialized; the kind of its body is known
//   2. attempt            when there is something to send, the pool gives a connection, and head and body are sent; a second attempt
//                         is made only where a keep-alive connection was closed before it carried anything, or none could be opened;
//                         in the second case it has a route, a pool and a head of its own
//   3. relay              interim answers, head, body and trailers go to the client as they arrive
//   4. finish, once       the facts are final; the client has a complete answer, an error, or a cut connection
import type { Moment, Side, Upstream } from '@fastify-arr/facts'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { describe, type ErrorName } from '../errors.ts'
import type { RawHeaders } from '../headers/raw-headers.ts'
import type { HeaderNames } from '../headers/header-names.ts'
import type { AnswerWay } from '../route/answer-way.ts'
import type { AnswerHead } from './answer/answer-head.ts'
import { clientAnswer } from './answer/answer-headers.ts'
import type { AnswerDelivery, DeliverAnswer } from './answer-delivery.ts'
import { relayInterim } from './answer/interim.ts'
import type { Leftovers } from './answer/leftovers.ts'
import type { ThroughOwner } from './answer/through.ts'
import { endWithError } from './error-answer.ts'
import { isGone } from './gone.ts'
import type { Lease } from './lease.ts'
import { momentOf } from './moment.ts'
import type { ForwardSettings } from './options.ts'
import type { Exchange, Failure, Line } from './pool/exchange.ts'
import { REST_PATIENCE } from './pool/patience.ts'
import { deliveryOf, type DeliveryOwner } from './reply/delivery-of.ts'
import type { BodyPaces } from './request/body-pace.ts'
import { awaitsContinue, CONTINUE_PATIENCE } from './request/continue.ts'
import { expectNothing, takeNothing } from './request/no-body.ts'
import { type BodyOwner, RequestBody } from './request/request-body.ts'
import type { Content } from './request/request-head.ts'

export class Forwarding implements Exchange, ThroughOwner, BodyOwner, DeliveryOwner {
  readonly request: FastifyRequest
  readonly #reply: FastifyReply
  readonly #way: AnswerWay
  readonly #fact: Upstream
  readonly #lease: Lease
  readonly #settings: ForwardSettings
  readonly #body: RequestBody | null
  readonly #delivery: AnswerDelivery
  readonly #arrived = performance.now()
  #patience: NodeJS.Timeout | undefined
  #finished = false

  // 1. Prepare

  constructor (request: FastifyRequest, reply: FastifyReply, way: AnswerWay, lease: Lease, content: Content, names: HeaderNames, settings: ForwardSettings, leftovers: Leftovers, paces: BodyPaces, limit: number, deliver: DeliverAnswer | null) {
    this.request = request
    this.#reply = reply
    this.#way = way
    this.#fact = request.upstream as Upstream
    this.#lease = lease
    this.#settings = settings
    this.#body = content.source === null ? null : new RequestBody(content.source, content.body, names, paces, limit, this)
    if (this.#body === null) expectNothing(request.raw)
    this.#delivery = deliver?.(reply) ?? deliveryOf(reply, way, leftovers, this)
    // Before all other listeners: code that reads the facts on 'close' must find them final.
    reply.raw.prependListener('close', () => { this.#clientClosed() })
  }

  // 2. Attempt

  start (): void {
    // The client may have left while a hook ran; then 'close' was emitted before this listener was added.
    if (isGone(this.request.raw, this.#reply.raw)) this.#fail('ClientGone', 'connect', 'client', null)
    else if (this.#body === null || this.#body.begun || awaitsContinue(this.request.raw)) this.#lease.ask(this)
    else this.#body.read()
  }

  bodyFailed (name: ErrorName, side: Side, cause: unknown): void {
    this.#fail(name, 'request', side, cause)
  }

  dialling (connection: Line): void {
    this.#lease.dialling(connection)
  }

  connected (connection: Line): void {
    const { method } = this.#lease.head
    const text = this.#lease.begin(connection, this.request)
    this.#fact.connectTime = connection.kept ? 0 : performance.now() - this.#arrived
    connection.expect(method, this.#body !== null)
    connection.out.gather()
    connection.out.writeText(text)
    if (this.#body === null) return
    // Not every server sends 100 Continue, so the wait for it is limited (RFC 9110 §10.1.1).
    if (awaitsContinue(this.request.raw)) this.#patience = setTimeout(() => { this.#continue() }, CONTINUE_PATIENCE).unref()
    else this.#body.begin(connection.out)
  }

  drained (): void {
    this.#body?.resume()
  }

  // 3. Relay

  information (head: AnswerHead): void {
    if (head.status !== 100) relayInterim(this.#reply.raw, head)
    else this.#continue()
  }

  /** Sends the body: the upstream has asked for it, or has not answered in time. */
  #continue (): void {
    clearTimeout(this.#patience)
    const { line } = this.#lease
    if (this.#body !== null && !this.#body.begun && line !== null) this.#body.begin(line.out)
  }

  head (head: AnswerHead): void {
    // By Fastify's `handlerTimeout`, for example.
    if (this.#reply.raw.writableEnded) return this.answered()
    if (this.#lease.answered(head, this.request, this.#arrived)) return this.start()
    this.#fact.status = head.status
    this.#fact.firstByteTime = performance.now() - this.#arrived
    this.#body?.answered()
    const isUnread = this.#body !== null && !this.#body.begun
    this.#delivery.head(clientAnswer(this.request, this.#reply, head, this.#lease.head, this.#settings, isUnread), this)
  }

  broken (cause: unknown): void {
    this.#fail('RewriteFailed', 'body', 'proxy', cause)
  }

  /** A short rest of the body is read, so that the connection can be kept. The time is limited, because server-sent events may never end. */
  early (): void {
    this.#finished = true
    clearTimeout(this.#patience)
    this.#patience = setTimeout(() => {
      this.#lease.leave(this)
      this.#body?.stop()
    }, REST_PATIENCE).unref()
  }

  flush (): void {
    this.#delivery.flush()
  }

  body (part: Buffer): void {
    this.#delivery.part(part, this.#lease.line)
  }

  end (last: Buffer | null, trailers: RawHeaders | null): void {
    if (this.#body === null) takeNothing(this.request.raw)
    this.#delivery.end(last, trailers, this.#lease.line as Line)
    this.#finished = true
    this.#lease.done()
    this.#body?.stop()
    clearTimeout(this.#patience)
  }

  // 4. Finish

  failed (failure: Failure): void {
    if (this.#lease.mayRetry(failure, this.request, this.#arrived)) this.start()
    else this.#fail(failure.name, failure.moment, failure.side, failure.cause)
  }

  #clientClosed (): void {
    if (!this.#finished) this.#fail('ClientGone', momentOf(this.#fact, this.#lease.line !== null, this.#body), 'client', null)
    this.#delivery.closed()
  }

  /** Something else has answered, such as a hook's payload in place of the body: no more is needed from the upstream. */
  answered (): void {
    if (this.#finished) return
    if (this.#fact.status === null) this.#leave()
    else this.early()
    this.#delivery.drop()
  }

  #fail (name: ErrorName, moment: Moment, side: Side, cause: unknown): void {
    if (this.#finished && side !== 'proxy') return
    this.#leave()
    this.#fact.error = describe(name, moment, side, cause)
    endWithError(this.request, this.#reply, name, this.#delivery, this.#way)
  }

  /** Gives up the connection, or the wait for one. */
  #leave (): void {
    this.#finished = true
    clearTimeout(this.#patience)
    this.#lease.leave(this)
    this.#body?.stop()
  }

  /** The client does not take what there is. */
  expired (): void {
    if (!this.#finished) {
      this.#fail('ClientTimeout', 'body', 'client', null)
      return
    }
    this.#fact.error ??= describe('ClientTimeout', 'body', 'client')
    this.#delivery.cut()
  }
}
