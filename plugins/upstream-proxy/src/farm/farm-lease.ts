// Which connection does an exchange hold whose server a farm chooses? One server's per attempt, and the farm says whether there is another attempt.
import type { Upstream } from '@fastify-arr/facts'
import type { FastifyRequest } from 'fastify'
import { codeOf, sideOf } from '../errors.ts'
import type { AnswerHead } from '../forward/answer/answer-head.ts'
import { type Destination, Lease } from '../forward/lease.ts'
import type { Exchange, Failure } from '../forward/pool/exchange.ts'
import { attemptFailed } from '../onlookers/tell-attempt.ts'
import type { Route } from '../route/route.ts'
import type { Errand } from './errand.ts'

// Bytes. An answer that is dropped is read to its end where it is short, so that its connection serves others; any other is cut.
const SHORT = 65_536

export class FarmLease extends Lease {
  readonly #errand: Errand
  readonly #prepare: (route: Route) => Destination

  /** `prepare` makes the head for a server, and finds its pool. */
  constructor (errand: Errand, prepare: (route: Route) => Destination) {
    super(null, 0, null)
    this.#errand = errand
    this.#prepare = prepare
  }

  /** Asks the farm for a server, then that server's pool. A connection that had been kept for too long is followed by one to the same server. */
  override ask (exchange: Exchange): void {
    if (this.#errand.isServed) {
      super.ask(exchange)
      return
    }
    this.#errand.ask(this.#prepare, to => {
      this.move(to)
      super.ask(exchange)
    }, (name, cause) => {
      exchange.failed({ name, moment: 'connect', side: sideOf(name), cause, stale: false })
    })
  }

  override leave (exchange: Exchange): void {
    super.leave(exchange)
    this.#errand.over()
  }

  override answered (head: AnswerHead, request: FastifyRequest, arrived: number): boolean {
    const { status, headers } = head
    if (this.isRepeatable && this.#errand.fails(status, headers, arrived)) {
      attemptFailed(request, this.head.origin.name, 'Status', 'headers', null)
      this.line?.abandon(head.framing === 'none' || (head.framing === 'sized' && head.length <= SHORT))
      this.line = null
      return true
    }
    this.#errand.answered(status, headers)
    return false
  }

  override done (): void {
    super.done()
    this.#errand.over()
  }

  override mayRetry (failure: Failure, request: FastifyRequest, arrived: number): boolean {
    // There was no server.
    if (!this.#errand.isServed) return false
    const { status } = request.upstream as Upstream
    if (status === null && this.lost(failure)) return true
    const { name, moment, side } = failure
    if (side !== 'upstream') this.#errand.over()
    else if (status !== null) this.#errand.ended({ code: codeOf(name), moment, status })
    else return this.#errand.failed(name, moment, moment === 'connect' || this.isRepeatable, arrived)
    return false
  }
}
