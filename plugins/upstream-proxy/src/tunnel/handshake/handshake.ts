// How does a tunnel begin? The client's handshake is replayed to the upstream, and the upstream's answer goes to the client.
//
//   1. check    the request is a valid handshake (in tunnels.ts)
//   2. attempt  a connection to the upstream is opened; where none comes about, another attempt may follow, with a route and a head of
//               its own (tries.ts). Where a farm chooses the server, the handshake may wait for one, and may be tried again up to its 101. If the client leaves meanwhile, both sockets are freed; if it only ends its side, the handshake goes on
//   3. replay   the handshake is sent, with the client's own key, extensions and sub-protocols
//   4. answer   101: the tunnel opens; any other answer goes back to the client as it arrived
import type { Side, Upstream } from '@fastify-arr/facts'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { codeOf, describe, ERRORS, type ErrorName, sideOf } from '../../errors.ts'
import type { Errand } from '../../farm/errand.ts'
import type { Settings } from '../../options.ts'
import type { AnswerWay } from '../../route/answer-way.ts'
import type { NextRoute } from '../../route/attempts.ts'
import type { Route } from '../../route/route.ts'
import type { Attempt } from '../attempt/attempt.ts'
import { Tries, type TriesOwner } from '../attempt/tries.ts'
import { switchesTo, type AnswerHead } from './answer-head.ts'
import type { Answer } from './answer-reader.ts'
import type { ClientSide } from './client-side.ts'
import type { EarlyClient, EarlyOwner } from './early-client.ts'
import type { Opened } from './opened.ts'
import { afterHooks, takeBack } from './opening-hooks.ts'
import { passOnRefusal } from './refusal.ts'

// ms. The time limit where the handshake has none and the client has ended its side: a client that has left may show nothing else.
const HALF_CLOSED = 10_000

/** One handshake in progress. Exactly one of `opened` and `failed` is called, once. */
export class Handshake implements TriesOwner, EarlyOwner {
  readonly #reply: FastifyReply
  readonly #client: ClientSide
  readonly #offered: readonly string[]
  readonly #fact: Upstream
  readonly #settings: Settings
  readonly #way: AnswerWay
  readonly #tries: Tries
  readonly #early: EarlyClient
  readonly #opened: (opened: Opened) => void
  readonly #failed: (error: Error | null, isAnswered: boolean) => void
  /** When the client's right to a tunnel ends, ms since the epoch. */
  until = Infinity
  #done = false

  /** `next` gives the route of another attempt; with null there is none. `errand` is that at a farm, if one is asked. */
  constructor (request: FastifyRequest, reply: FastifyReply, early: EarlyClient, offered: readonly string[], settings: Settings, way: AnswerWay, next: NextRoute | null, errand: Errand | null,
    opened: (opened: Opened) => void, failed: (error: Error | null, isAnswered: boolean) => void) {
    this.#reply = reply
    this.#client = early.client
    this.#offered = offered
    this.#early = early
    this.#fact = request.upstream as Upstream
    this.#settings = settings
    this.#way = way
    this.#tries = new Tries(request, reply, early, offered, settings, next, errand, this)
    this.#opened = opened
    this.#failed = failed
  }

  /** Throws BadTarget where the handshake cannot be sent as valid HTTP. */
  begin (route: Route): void {
    this.#tries.prepare(route)
    if (this.#client.stream.destroyed) {
      this.#fail('ClientGone', 'client')
      return
    }
    this.#early.follow(this)
    this.#tries.begin()
  }

  goesOn (): void {
    if (this.#client.stream.readableEnded) this.clientEnded()
  }

  refused (name: ErrorName, cause: unknown): void {
    // The client is still there and gets its answer.
    this.#fail(name, name === 'Expired' ? 'proxy' : sideOf(name), cause)
  }

  /** The server is closing, or whoever watches the tunnels does not want this one. */
  giveUp (name: 'Draining' | 'Closed'): void {
    this.#fail(name, 'proxy')
  }

  unreachable (name: ErrorName, cause: unknown): void {
    this.#attempt?.leave()
    const side = sideOf(name)
    if (side !== 'upstream' || !this.#tries.areFollowed(name, 'connect')) this.#fail(name, side, cause)
  }

  get #attempt (): Attempt | null {
    return this.#tries.attempt
  }

  connected (): void {
    this.#fact.connectTime = performance.now() - this.#early.arrived
  }

  answered ({ head, bytes, end }: Answer): void {
    if (this.#reply.raw.headersSent) {
      this.#fail('ClientGone', 'client')
      return
    }
    const fact = this.#fact
    const attempt = this.#attempt as Attempt
    const protocol = switchesTo(head, this.#offered)
    const isBad = head.status === 101 && (protocol === null || !this.#client.accepts(head))
    if (isBad) attempt.tellFailure('BadAnswer', null)
    if (isBad ? this.#tries.areFollowed('BadAnswer', 'headers') : this.#tries.dropAnswer(head)) return
    fact.firstByteTime = performance.now() - this.#early.arrived
    fact.status = head.status
    if (head.status !== 101) {
      this.#finish()
      const error = passOnRefusal(attempt.upstream, bytes, this.#reply, fact, attempt.head, this.#settings, this.#way, this.#tries.errand)
      this.#failed(error, error === null && this.#way.throughReply)
    } else if (isBad) {
      this.#fail('BadAnswer', 'upstream')
    } else {
      // The time that the user's hooks take is not the upstream's.
      attempt.agree()
      if (this.#client.stream.readableEnded) this.clientEnded()
      afterHooks(this.#way.onOpening, this.#reply.request, this.#reply, attempt.upstream, error => { this.#open(head, protocol as string, bytes.subarray(end), error) })
    }
  }

  #open (head: AnswerHead, protocol: string, late: Buffer, error: unknown): void {
    if (this.#done) return
    if (error !== null) {
      this.#fail('RewriteFailed', 'proxy', error, error as Error)
    } else if (this.#client.gone || this.#reply.raw.headersSent) {
      this.#fail('ClientGone', 'client')
    } else if (Date.now() >= this.until) {
      this.#fail('Expired', 'proxy')
    } else if (this.#prepared(head)) {
      // Both sockets keep flowing: the tunnel adds its listeners before the next byte arrives.
      this.#leave()
      this.#opened({ head, protocol, upstream: (this.#attempt as Attempt).upstream, early: this.#early.bytes(), late })
    }
  }

  #prepared (head: AnswerHead): boolean {
    try {
      this.#client.prepare(head, this.#reply)
      return true
    } catch (cause) {
      this.#fail('RewriteFailed', 'proxy', cause)
      return false
    }
  }

  attemptFailed (name: ErrorName, cause: unknown): void {
    // After its 101 it is not tried again: hooks have seen that.
    if (this.#fact.status !== null || !this.#tries.areFollowed(name, this.#attempt?.moment ?? 'headers')) this.#fail(name, 'upstream', cause)
  }

  /** Most clients that end their side have left, so that none waits for a server any more. The others can still read the answer. */
  clientEnded (): void {
    if (!this.#tries.isWaiting) this.#attempt?.limit(this.#settings.handshakeTimeout || HALF_CLOSED)
    else if (this.#client.gone) this.clientLeft()
    else this.refused('Busy', null)
  }

  clientLeft (): void {
    this.#fail('ClientGone', 'client')
  }

  /** `error` is what Fastify answers with, where it is not the proxy's own. */
  #fail (name: ErrorName, side: Side, cause: unknown = null, error: Error = new ERRORS[name]()): void {
    if (this.#done) return
    // The request was answered meanwhile, for example by Fastify's `handlerTimeout`: the client's socket now belongs to that answer.
    const answered = this.#reply.raw.headersSent
    const moment = this.#attempt?.moment ?? 'connect'
    if (answered) {
      this.#leave()
    } else {
      this.#finish()
      takeBack(this.#reply, side === 'client')
      this.#fact.error = describe(name, moment, side, cause)
    }
    this.#attempt?.abandon()
    if (side === 'upstream') this.#tries.errand?.ended({ code: codeOf(name), moment, status: this.#fact.status })
    this.#tries.errand?.over()
    if (side === 'client' && !answered) this.#client.stream.destroy()
    this.#failed(side === 'client' || answered ? null : error, false)
  }

  /** Ends the handshake and pauses both sockets, so that no later byte is lost. */
  #finish (): void {
    this.#client.stream.pause()
    this.#attempt?.upstream.pause()
    this.#leave()
  }

  /** Removes every listener and timer of the handshake. */
  #leave (): void {
    this.#done = true
    this.#early.leave()
    this.#attempt?.leave()
  }
}
