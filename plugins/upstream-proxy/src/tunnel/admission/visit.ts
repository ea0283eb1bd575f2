// What is a client told that comes with a handshake and is not let in, or whose handshake fails?
import type { Upstream } from '@fastify-arr/facts'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { AnswerWay } from '../../route/answer-way.ts'
import { runAfterLeaving } from '../../route/on-send.ts'
import { describe, ERRORS, sideOf } from '../../errors.ts'
import { dropUnsendable } from '../../forward/reply/reply-headers.ts'
import type { EarlyClient } from '../handshake/early-client.ts'
import { tellFinished } from '../handshake/opening-hooks.ts'
import type { Terms } from '../register/terms.ts'
import type { Refused, Visitor, VisitOwner } from './waiting.ts'

// RFC 9110 §11.6.1: a 401 must say how one authorizes oneself; RFC 6750 §3.1.
const EXPIRED = 'Bearer error="invalid_token"'
// The errors after which the client may try again.
const LATER = [ERRORS.TooMany, ERRORS.TooManyOfKey, ERRORS.Draining, ERRORS.Busy]

/** A client's upgrade, until its tunnel is open or it is answered. */
export class Visit implements Visitor {
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  readonly early: EarlyClient
  readonly enter: (key: string | null) => void
  /** Whose it is, and until when its tunnel may be open. */
  readonly terms: Terms
  /** The line that it waits in, or its handshake. */
  owner: VisitOwner | null = null
  readonly #way: AnswerWay
  readonly #retryAfter: number
  readonly #over: () => void
  #isOver = false
  readonly #done: (error?: Error) => void

  /**
   * `enter` begins the handshake. `over` is called once, when there is no more to wait for; then, unless the reply answers the request on its
   * own, `done` with the error that Fastify has to answer or, without one, with nothing.
   */
  constructor (request: FastifyRequest, reply: FastifyReply, early: EarlyClient, way: AnswerWay, terms: Terms, retryAfter: number, over: () => void, done: (error?: Error) => void, enter: (key: string | null) => void) {
    this.request = request
    this.reply = reply
    this.early = early
    this.enter = enter
    this.terms = terms
    this.#way = way
    this.#retryAfter = retryAfter
    this.#over = over
    this.#done = done
  }

  get isAnswered (): boolean {
    return this.reply.raw.headersSent
  }

  /** The server is closing, or whoever watches the tunnels does not want this one. */
  giveUp (name: 'Draining' | 'Closed'): void {
    this.owner?.giveUp(name)
  }

  refused (reason: Refused): void {
    if (reason !== null) (this.request.upstream as Upstream).error = describe(reason, 'connect', sideOf(reason))
    if (reason === 'ClientGone') this.early.client.stream.destroy()
    this.end(reason === null || reason === 'ClientGone' ? null : new ERRORS[reason]())
  }

  /** Ends the visit with an error; with null where the client needs no answer. */
  end (error: Error | null): void {
    const { reply } = this
    this.over()
    if (error === null) {
      if (this.request.upstream?.error?.side === 'client') runAfterLeaving(this.#way, this.request, reply)
      // Through the reply: Fastify must neither go on to the route's handler nor be told that the reply is not its own.
      if (!reply.sent) reply.hijack()
      this.#done()
      return
    }
    dropUnsendable(reply)
    if (error instanceof ERRORS.Expired) reply.header('www-authenticate', EXPIRED)
    // A farm that is busy has said itself when.
    const isSaid = error instanceof ERRORS.Busy && reply.hasHeader('retry-after')
    if (!isSaid && LATER.some(One => error instanceof One)) reply.header('retry-after', String(this.#retryAfter))
    this.#done(error)
  }

  /** The tunnel is open. */
  opened (): void {
    this.over()
    this.#done()
    tellFinished(this.reply)
  }

  /** There is no more to wait for: nobody can send it away any more. Also where the upstream's refusal goes through the reply, which says itself when it is done. */
  over (): void {
    if (this.#isOver) return
    this.#isOver = true
    this.owner = null
    this.#over()
  }
}
