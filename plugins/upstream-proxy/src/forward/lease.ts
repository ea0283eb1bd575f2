// Which connection does an exchange hold or wait for, and may it have another one?
import { isIdempotent } from './idempotent.ts'
import type { Exchange, Failure, Line } from './pool/exchange.ts'
import type { Pool } from './pool/pool.ts'
import type { RequestHead } from './request/request-head.ts'

export class Lease {
  readonly #pool: Pool
  readonly #head: RequestHead
  /** The connection that carries the exchange. */
  line: Line | null = null
  /** The connection that is being opened for it. */
  #dialled: Line | null = null
  #retries: number
  /** A kept connection has proved to be closed: the next one must be new. */
  #stale = false

  constructor (pool: Pool, head: RequestHead, retries: number) {
    this.#pool = pool
    this.#head = head
    this.#retries = retries
  }

  /** Asks the pool for a connection. */
  ask (exchange: Exchange): void {
    this.#pool.serve(exchange, this.#stale)
  }

  dialling (connection: Line): void {
    this.#dialled = connection
  }

  begin (connection: Line): void {
    this.line = connection
    this.#dialled = null
  }

  /** Gives up the connection, or the wait for one. */
  leave (exchange: Exchange): void {
    this.#pool.forget(exchange)
    const connection = this.line ?? this.#dialled
    this.line = this.#dialled = null
    connection?.abandon()
  }

  /** The connection is lost. True where the exchange may ask for another one. */
  mayRetry ({ name, moment, stale }: Failure): boolean {
    this.line = this.#dialled = null
    if (stale && !this.#stale && this.#head.source === null && isIdempotent(this.#head.method)) {
      this.#stale = true
      return true
    }
    // Nothing was sent yet. A request that already waited its time in the queue is not queued a second time.
    return moment === 'connect' && name !== 'TooMany' && this.#retries-- > 0
  }
}
