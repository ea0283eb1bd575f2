// Which connection does an exchange hold or wait for, and may it have another one, perhaps to another server?
import type { Upstream } from '@fastify-arr/facts'
import type { FastifyRequest } from 'fastify'
import { attemptSent } from '../onlookers/tell-attempt.ts'
import { isAttempt, noteFailure } from '../route/attempts.ts'
import { isIdempotent } from './idempotent.ts'
import type { Exchange, Failure, Line } from './pool/exchange.ts'
import type { Pool } from './pool/pool.ts'
import type { RequestHead } from './request/request-head.ts'

/** The pool of another attempt, and the head that its server gets in place of `before`. Null where there is no further attempt. */
export type Elsewhere = (request: FastifyRequest, before: RequestHead) => { readonly pool: Pool, readonly head: RequestHead } | null

export class Lease {
  #pool: Pool
  #head: RequestHead
  readonly #elsewhere: Elsewhere | null
  /** The connection that carries the exchange. */
  line: Line | null = null
  /** The connection that is being opened for it. */
  #dialled: Line | null = null
  #retries: number
  /** A kept connection has proved to be closed: the next one must be new. */
  #stale = false

  /** With null for `elsewhere`, another attempt asks the same server. */
  constructor (pool: Pool, head: RequestHead, retries: number, elsewhere: Elsewhere | null) {
    this.#pool = pool
    this.#head = head
    this.#retries = retries
    this.#elsewhere = elsewhere
  }

  /** What the server of this attempt is sent. */
  get head (): RequestHead {
    return this.#head
  }

  /** Asks the pool for a connection. */
  ask (exchange: Exchange): void {
    this.#pool.serve(exchange, this.#stale)
  }

  dialling (connection: Line): void {
    this.#dialled = connection
  }

  /** The connection is the exchange's, and gets the head now. */
  begin (connection: Line, request: FastifyRequest): void {
    this.line = connection
    this.#dialled = null
    attemptSent(request, this.#head.origin.name, this.#head.text, connection.out.socket, connection.kept)
  }

  /** Gives up the connection, or the wait for one. */
  leave (exchange: Exchange): void {
    this.#pool.forget(exchange)
    const connection = this.line ?? this.#dialled
    this.line = this.#dialled = null
    connection?.abandon()
  }

  /** The connection is lost. True where the exchange may ask for another one. `arrived` is when it began. */
  mayRetry ({ name, moment, stale }: Failure, request: FastifyRequest, arrived: number): boolean {
    this.line = this.#dialled = null
    if (stale && !this.#stale && this.#head.source === null && isIdempotent(this.#head.method)) {
      this.#stale = true
      return true
    }
    // Nothing was sent yet. A request that already waited its time in the queue is not queued a second time.
    if (moment !== 'connect' || !isAttempt(name)) return false
    noteFailure(request.upstream as Upstream, name, arrived)
    return this.#retries-- > 0 && (this.#elsewhere === null || this.#move(this.#elsewhere(request, this.#head)))
  }

  #move (to: ReturnType<Elsewhere>): boolean {
    if (to === null) return false
    if (to.pool !== this.#pool) this.#stale = false
    this.#pool = to.pool
    this.#head = to.head
    return true
  }
}
