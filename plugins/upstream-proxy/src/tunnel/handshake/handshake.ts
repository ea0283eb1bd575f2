// How does a tunnel begin? The client's handshake is replayed to the upstream, and the upstream's answer goes to the client.
//
//   1. check    the request is a valid handshake (in tunnels.ts)
//   2. attempt  a connection to the upstream is opened; where none comes about, another attempt may follow, with a route and a head of
//               its own. If the client leaves meanwhile, both sockets are freed; if it only ends its side, the handshake goes on
//   3. replay   the handshake is sent, with the client's own key, extensions and sub-protocols
//   4. answer   101: the tunnel opens; any other answer goes back to the client as it arrived
import type { Side, Upstream } from '@fastify-arr/facts'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { describe, ERRORS, type ErrorName, sideOf } from '../../errors.ts'
import type { Settings } from '../../options.ts'
import type { AnswerWay } from '../../route/answer-way.ts'
import { anotherAttempt, isAttempt, type NextRoute, noteFailure } from '../../route/attempts.ts'
import type { Route } from '../../route/route.ts'
import { Attempt, type AttemptOwner } from '../attempt/attempt.ts'
import { switchesTo, type AnswerHead } from './answer-head.ts'
import type { Answer } from './answer-reader.ts'
import type { ClientSide } from './client-side.ts'
import type { EarlyClient, EarlyOwner } from './early-client.ts'
import { handshakeHead } from './handshake-head.ts'
import type { Opened } from './opened.ts'
import { afterHooks, takeBack } from './opening-hooks.ts'
import { passOnRefusal } from './refusal.ts'

// ms. The time limit where the handshake has none and the client has ended its side: a client that has left may show nothing else.
const HALF_CLOSED = 10_000

/** One handshake in progress. Exactly one of `opened` and `failed` is called, once. */
export class Handshake implements AttemptOwner, EarlyOwner {
  readonly #request: FastifyRequest
  readonly #reply: FastifyReply
  readonly #client: ClientSide
  readonly #offered: readonly string[]
  readonly #fact: Upstream
  readonly #settings: Settings
  readonly #way: AnswerWay
  readonly #next: NextRoute | null
  readonly #early: EarlyClient
  readonly #opened: (opened: Opened) => void
  readonly #failed: (error: Error | null, isAnswered: boolean) => void
  /** When the client's right to a tunnel ends, ms since the epoch. */
  until = Infinity
  #attempt: Attempt | null = null
  #retries: number
  #done = false

  /** `next` gives the route of another attempt; with null there is none. */
  constructor (request: FastifyRequest, reply: FastifyReply, early: EarlyClient, offered: readonly string[], settings: Settings, way: AnswerWay, next: NextRoute | null,
    opened: (opened: Opened) => void, failed: (error: Error | null, isAnswered: boolean) => void) {
    this.#request = request
    this.#reply = reply
    this.#client = early.client
    this.#offered = offered
    this.#early = early
    this.#fact = request.upstream as Upstream
    this.#settings = settings
    this.#way = way
    this.#next = next
    this.#retries = settings.forward.retries
    this.#opened = opened
    this.#failed = failed
  }

  /** Throws BadTarget where the handshake cannot be sent as valid HTTP. */
  begin (route: Route): void {
    const head = handshakeHead(this.#request, route, this.#settings, this.#client, this.#offered)
    if (this.#client.stream.destroyed) {
      this.#fail('ClientGone', 'client')
      return
    }
    this.#early.follow(this)
    this.#attempt = new Attempt(this.#request, head, this.#settings, this)
    if (this.#client.stream.readableEnded) this.clientEnded()
  }

  /** The server is closing, or whoever watches the tunnels does not want this one. */
  giveUp (name: 'Draining' | 'Closed'): void {
    this.#fail(name, 'proxy')
  }

  unreachable (name: ErrorName, cause: unknown): void {
    this.#attempt?.leave()
    if (isAttempt(name)) {
      noteFailure(this.#fact, name, this.#early.arrived + this.#early.waited)
      if (this.#next !== null && !this.#reply.raw.headersSent && this.#retries-- > 0 && this.#tryAgain(this.#next)) return
    }
    this.#fail(name, sideOf(name), cause)
  }

  #tryAgain (next: NextRoute): boolean {
    const attempt = anotherAttempt(this.#request, next, route =>
      new Attempt(this.#request, handshakeHead(this.#request, route, this.#settings, this.#client, this.#offered), this.#settings, this))
    if (attempt === null) return false
    this.#attempt = attempt
    if (this.#client.stream.readableEnded) this.clientEnded()
    return true
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
    fact.firstByteTime = performance.now() - this.#early.arrived
    fact.status = head.status
    const protocol = switchesTo(head, this.#offered)
    if (head.status !== 101) {
      this.#finish()
      const error = passOnRefusal(attempt.upstream, bytes, this.#reply, fact, attempt.head, this.#settings, this.#way)
      this.#failed(error, error === null && this.#way.throughReply)
    } else if (protocol === null || !this.#client.accepts(head)) {
      attempt.fail('BadAnswer', null)
    } else {
      // The time that the user's hooks take is not the upstream's.
      attempt.agree()
      if (this.#client.stream.readableEnded) this.clientEnded()
      afterHooks(this.#way.onSend, this.#request, this.#reply, attempt.upstream, error => { this.#open(head, protocol, bytes.subarray(end), error) })
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
    this.#fail(name, 'upstream', cause)
  }

  clientEnded (): void {
    this.#attempt?.limit(this.#settings.handshakeTimeout || HALF_CLOSED)
  }

  clientLeft (): void {
    this.#fail('ClientGone', 'client')
  }

  /** `error` is what Fastify answers with, where it is not the proxy's own. */
  #fail (name: ErrorName, side: Side, cause: unknown = null, error: Error = new ERRORS[name]()): void {
    if (this.#done) return
    // The request was answered meanwhile, for example by Fastify's `handlerTimeout`: the client's socket now belongs to that answer.
    const answered = this.#reply.raw.headersSent
    if (answered) this.#leave()
    else this.#finish()
    if (!answered) {
      takeBack(this.#reply, side === 'client')
      this.#fact.error = describe(name, this.#attempt?.moment ?? 'connect', side, cause)
    }
    this.#attempt?.abandon()
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
