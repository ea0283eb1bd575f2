// Which connection does an exchange hold or wait for, and may it have another one, perhaps to another server?
import type { Upstream } from '@fastify-arr/facts'
import type { FastifyRequest } from 'fastify'
import { ownHead } from '../headers/attempt-headers.ts'
import { attemptSent } from '../onlookers/tell-attempt.ts'
import { isAttempt, noteFailure } from '../route/attempts.ts'
import { isIdempotent } from './idempotent.ts'
import type { Exchange, Failure, Line } from './pool/exchange.ts'
import type { Pool } from './pool/pool.ts'
import type { RequestHead } from './request/request-head.ts'
import type { AnswerHead } from './answer/answer-head.ts'

/** The pool of a server's connections, and the head that the server gets. */
export interface Destination {
  readonly pool: Pool
  readonly head: RequestHead
}

/** Where another attempt goes; its head has the body of `before`. Null where there is no further attempt. */
export type Elsewhere = (request: FastifyRequest, before: RequestHead) => Destination | null

export class Lease {
  #to: Destination | null
  readonly #elsewhere: Elsewhere | null
  /** The connection that carries the exchange. */
  line: Line | null = null
  /** The connection that is being opened for it. */
  #dialled: Line | null = null
  #retries: number
  /** A kept connection has proved to be closed: the next one must be new. */
  #stale = false

  /** With null for `to`, the server is not known yet. With null for `elsewhere`, another attempt asks the same server. */
  constructor (to: Destination | null, retries: number, elsewhere: Elsewhere | null) {
    this.#to = to
    this.#retries = retries
    this.#elsewhere = elsewhere
  }

  /** What the server of this attempt is sent. There is none before the server is known. */
  get head (): RequestHead {
    return (this.#to as Destination).head
  }

  /** Asks the pool for a connection. */
  ask (exchange: Exchange): void {
    this.#to?.pool.serve(exchange, this.#stale)
  }

  dialling (connection: Line): void {
    this.#dialled = connection
  }

  /** The connection is the exchange's, and gets the head now, which is returned. */
  begin (connection: Line, request: FastifyRequest): string {
    this.line = connection
    this.#dialled = null
    const { head } = this
    const text = ownHead(head, request)
    attemptSent(request, head.origin.name, text, connection.out.socket, connection.kept)
    return text
  }

  /** Gives up the connection, or the wait for one. */
  leave (exchange: Exchange): void {
    this.#to?.pool.forget(exchange)
    const connection = this.line ?? this.#dialled
    this.line = this.#dialled = null
    connection?.abandon()
  }

  /** The answer's head has come. True where the answer is dropped, and the exchange asks for another connection. */
  answered (_head: AnswerHead, _request: FastifyRequest, _arrived: number): boolean {
    return false
  }

  /** The answer was read to its end: the connection serves others. */
  done (): void {
    this.line = null
  }

  /** The connection is lost. True where the exchange may ask for another one. `arrived` is when it began. */
  mayRetry (failure: Failure, request: FastifyRequest, arrived: number): boolean {
    const { name, moment } = failure
    if (this.lost(failure)) return true
    // Nothing was sent yet. A request that already waited its time in the queue is not queued a second time.
    if (moment !== 'connect' || !isAttempt(name)) return false
    noteFailure(request.upstream as Upstream, name, arrived)
    return this.#retries-- > 0 && (this.#elsewhere === null || this.move(this.#elsewhere(request, this.head)))
  }

  /** Notes that the connection is lost. True where it had only been kept for too long: the same server is asked again, once. */
  protected lost ({ stale }: Failure): boolean {
    this.line = this.#dialled = null
    if (!stale || this.#stale || !this.isRepeatable) return false
    this.#stale = true
    return true
  }

  /** Whether the request may be sent a second time. */
  protected get isRepeatable (): boolean {
    return this.head.source === null && isIdempotent(this.head.method)
  }

  protected move (to: Destination | null): boolean {
    if (to === null) return false
    if (to.pool !== this.#to?.pool) this.#stale = false
    this.#to = to
    return true
  }
}
