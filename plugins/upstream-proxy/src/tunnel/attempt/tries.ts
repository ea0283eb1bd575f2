// Which servers does a handshake ask, one after the other? Those that `to` names for as long as none is connected to, or those that a farm chooses.
import type { Moment, Upstream } from '@fastify-arr/facts'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { ERRORS, type ErrorName } from '../../errors.ts'
import type { Errand } from '../../farm/errand.ts'
import type { Settings } from '../../options.ts'
import { anotherAttempt, isAttempt, type NextRoute, noteFailure } from '../../route/attempts.ts'
import type { Route } from '../../route/route.ts'
import type { AnswerHead } from '../handshake/answer-head.ts'
import type { EarlyClient } from '../handshake/early-client.ts'
import { type HandshakeHead, handshakeHead } from '../handshake/handshake-head.ts'
import { Attempt, type AttemptOwner } from './attempt.ts'

/** The handshake that the servers are asked for. */
export interface TriesOwner extends AttemptOwner {
  /** When the client's right to a tunnel ends, ms since the epoch. */
  readonly until: number
  /** An attempt has begun, or the farm is waited for. */
  goesOn (): void
  /** There is no server. */
  refused (name: ErrorName, cause: unknown): void
}

export class Tries {
  /** The attempt that is under way, or has failed; null where there is none, as long as the farm has not answered. */
  attempt: Attempt | null = null
  /** That at a farm; null where `to` names the servers. */
  readonly errand: Errand | null
  readonly #request: FastifyRequest
  readonly #reply: FastifyReply
  readonly #early: EarlyClient
  readonly #offered: readonly string[]
  readonly #settings: Settings
  readonly #next: NextRoute | null
  readonly #owner: TriesOwner
  #retries: number
  #first: HandshakeHead | null = null

  /** `next` gives the route of another attempt; with null there is none. */
  constructor (request: FastifyRequest, reply: FastifyReply, early: EarlyClient, offered: readonly string[], settings: Settings, next: NextRoute | null, errand: Errand | null, owner: TriesOwner) {
    this.#request = request
    this.#reply = reply
    this.#early = early
    this.#offered = offered
    this.#settings = settings
    this.#next = next
    this.errand = errand
    this.#owner = owner
    this.#retries = settings.forward.retries
  }

  /** Whether a farm has been asked and has not answered. */
  get isWaiting (): boolean {
    return this.errand?.isWaiting === true
  }

  /** When the attempts began, on `performance.now()`'s clock, ms. */
  get #since (): number {
    return this.#early.arrived + this.#early.waited
  }

  /** Makes what is sent to a server that is known. Throws BadTarget where that would not be valid HTTP. */
  prepare (route: Route): void {
    if (this.errand === null) this.#first = this.#headFor(route)
  }

  /** Begins the first attempt, or asks the farm for its server. */
  begin (): void {
    if (this.#first !== null) this.#attempt(this.#first)
    else this.#askFarm()
  }

  #headFor (route: Route): HandshakeHead {
    return handshakeHead(this.#request, route, this.#settings, this.#early.client, this.#offered)
  }

  #attempt (head: HandshakeHead): void {
    this.attempt = new Attempt(this.#request, head, this.#settings, this.#owner)
    this.#owner.goesOn()
  }

  #askFarm (): void {
    this.errand?.ask(route => {
      // It may have waited for longer than its token is valid.
      if (Date.now() >= this.#owner.until) throw new ERRORS.Expired()
      return this.#headFor(route)
    }, head => { this.#attempt(head) }, (name, cause) => { this.#owner.refused(name, cause) })
    if (this.isWaiting) this.#owner.goesOn()
  }

  /** The attempt has failed by its server's fault. True where another one follows, at once or when the farm has a server. */
  areFollowed (name: ErrorName, moment: Moment): boolean {
    if (this.errand !== null) return this.errand.failed(name, moment, true, this.#since) && this.#goOn()
    if (moment !== 'connect' || !isAttempt(name)) return false
    noteFailure(this.#request.upstream as Upstream, name, this.#since)
    if (this.#next === null || this.#reply.raw.headersSent || this.#retries-- <= 0) return false
    const attempt = anotherAttempt(this.#request, this.#next, route => new Attempt(this.#request, this.#headFor(route), this.#settings, this.#owner))
    if (attempt === null) return false
    this.attempt = attempt
    this.#owner.goesOn()
    return true
  }

  /** The upstream has answered. True where the answer is dropped because another attempt follows. A refusal's head is told to the farm when it is passed on. */
  dropAnswer ({ status, headers }: AnswerHead): boolean {
    if (this.errand === null) return false
    if (status !== 101) {
      if (!this.errand.fails(status, headers, this.#since)) return false
      this.attempt?.tellFailure('Status', null)
      return this.#goOn()
    }
    this.errand.switched(headers)
    return false
  }

  #goOn (): boolean {
    this.attempt?.abandon()
    this.attempt = null
    this.#askFarm()
    return true
  }
}
