// What is waited for on a connection to an upstream, and for how long may it be?
import type { Moment, Side } from '@fastify-arr/facts'
import { Watch } from '../../sockets/watch.ts'
import type { AnswerHead } from '../answer/answer-head.ts'
import type { ForwardSettings } from '../options.ts'

/** How long the rest of an answer is read that nobody waits for, in ms. */
export const REST_PATIENCE = 2000

/** The time limit of one connection, restarted by the events on it. */
export class Patience {
  readonly #settings: ForwardSettings
  readonly #watch: Watch
  #awaited: Exclude<Moment, 'request'> = 'connect'
  #sending = false
  #keepAlive: number
  #idleTimeout: number
  /** What comes is not wanted any more. */
  #isRest = false

  constructor (settings: ForwardSettings, expired: () => void) {
    this.#settings = settings
    this.#watch = new Watch(expired)
    this.#keepAlive = settings.keepAliveTimeout
    this.#idleTimeout = settings.idleTimeout
  }

  /** How far the exchange has come. */
  get moment (): Moment {
    return this.#awaited === 'headers' && this.#sending ? 'request' : this.#awaited
  }

  /** True while a part of the request has still to be sent. */
  get sending (): boolean {
    return this.#sending
  }

  /** A request is about to be written; for one with a body, `sent` reports its end. */
  asked (hasBody: boolean): void {
    this.#awaited = 'headers'
    this.#sending = hasBody
    this.#watch.set(hasBody ? this.#settings.idleTimeout : this.#settings.firstByteTimeout)
  }

  /** The whole request is sent. */
  sent (): void {
    this.#sending = false
    if (this.#awaited === 'headers') this.#watch.set(this.#settings.firstByteTimeout)
  }

  /** The answer has begun. */
  answered (head: AnswerHead): void {
    this.#awaited = 'body'
    // Server-sent events are sent when there are any: a pause is no failure.
    this.#idleTimeout = head.eventStream ? 0 : this.#settings.idleTimeout
    this.#watch.set(this.#idleTimeout)
    // A second less than the upstream's Keep-Alive, so that the proxy closes first.
    if (head.keepAlive > 0) this.#keepAlive = Math.min(this.#settings.keepAliveTimeout || Infinity, Math.max(1, head.keepAlive * 1000 - 1000))
  }

  /** Bytes have passed, in either direction. */
  moved (): void {
    if (!this.#isRest) this.#watch.set(this.#idleTimeout)
  }

  /** Nobody wants the rest of the answer: it comes soon as a whole, or not at all. */
  discarded (): void {
    this.#isRest = true
    this.#watch.set(REST_PATIENCE)
  }

  /** The connection is idle until the next exchange. */
  rest (): void {
    this.#awaited = 'connect'
    this.#isRest = false
    this.#idleTimeout = this.#settings.idleTimeout
    this.#watch.set(this.#keepAlive)
  }

  stop (): void {
    this.#watch.stop()
  }

  /** Which side the connection waits for. `held`: bytes wait for the client; `full`: bytes wait for the upstream. */
  slowSide (held: boolean, full: boolean): Side {
    if (this.#awaited === 'body') return held ? 'client' : 'upstream'
    return this.#sending && !full ? 'client' : 'upstream'
  }
}
