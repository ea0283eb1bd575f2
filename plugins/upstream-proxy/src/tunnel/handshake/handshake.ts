// How does a tunnel begin? The client's handshake is replayed to the upstream, and the upstream's answer goes to the client.
//
//   1. check    the request is a valid handshake (in tunnels.ts)
//   2. dial     a connection to the upstream is opened; if the client leaves meanwhile, both sockets are freed; if it only ends its
//               side, the handshake goes on
//   3. replay   the handshake is sent, with the client's own key, extensions and sub-protocols
//   4. answer   101: the tunnel opens; any other answer goes back to the client as it arrived
import type { Duplex } from 'node:stream'
import type { Moment, Side, Upstream } from '@fastify-arr/facts'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { describe, ERRORS, type ErrorName, sideOf } from '../../errors.ts'
import type { Settings } from '../../options.ts'
import type { AnswerWay } from '../../route/answer-way.ts'
import type { Route } from '../../route/route.ts'
import { dial } from '../../sockets/dial.ts'
import { switchesTo, type AnswerHead } from './answer-head.ts'
import { type Answer, AnswerReader } from './answer-reader.ts'
import type { ClientSide } from './client-side.ts'
import { EarlyClient } from './early-client.ts'
import { handshakeHead } from './handshake-head.ts'
import { Listening } from './listening.ts'
import type { Opened } from './opened.ts'
import { afterHooks } from './opening-hooks.ts'
import { type Asked, passOnRefusal } from './refusal.ts'

// ms. The time limit where the handshake has none and the client has ended its side: a client that has left may show nothing else.
const HALF_CLOSED = 10_000

/** One handshake in progress. Exactly one of `opened` and `failed` is called, once. */
export class Handshake {
  readonly #request: FastifyRequest
  readonly #reply: FastifyReply
  readonly #client: ClientSide
  readonly #offered: readonly string[]
  readonly #fact: Upstream
  readonly #settings: Settings
  readonly #way: AnswerWay
  readonly #reader: AnswerReader
  readonly #arrived: number
  readonly #opened: (opened: Opened) => void
  readonly #failed: (error: Error | null, isAnswered: boolean) => void
  #asked: Asked | null = null
  #upstream: Duplex | null = null
  readonly #early: EarlyClient
  readonly #listening = new Listening()
  #moment: Moment = 'connect'
  #agreed = false
  #done = false

  constructor (request: FastifyRequest, reply: FastifyReply, client: ClientSide, offered: readonly string[], settings: Settings, way: AnswerWay,
    opened: (opened: Opened) => void, failed: (error: Error | null, isAnswered: boolean) => void) {
    this.#request = request
    this.#reply = reply
    this.#client = client
    this.#offered = offered
    this.#early = new EarlyClient(client, () => { this.#clientEnded() }, () => { this.#fail('ClientGone', 'client') })
    this.#fact = request.upstream as Upstream
    this.#settings = settings
    this.#way = way
    this.#reader = new AnswerReader(settings.forward.headLimit)
    this.#arrived = performance.now()
    this.#opened = opened
    this.#failed = failed
  }

  /** Throws BadTarget where the handshake cannot be sent as valid HTTP. */
  begin (route: Route): void {
    const { origin, host, text } = handshakeHead(this.#request, route, this.#settings, this.#client, this.#offered)
    this.#asked = { origin, host, paths: route.paths }
    if (this.#client.stream.destroyed) {
      this.#fail('ClientGone', 'client')
      return
    }
    this.#early.follow()
    this.#upstream = dial(origin, this.#settings, failure => {
      if (failure !== null) this.#fail(failure.name, sideOf(failure.name), failure.cause)
      else this.#onConnected(text)
    })
  }

  /** The server is closing, or whoever watches the tunnels does not want this one. */
  giveUp (name: 'Draining' | 'Closed'): void {
    this.#fail(name, 'proxy')
  }

  #onConnected (text: string): void {
    const upstream = this.#upstream as Duplex
    this.#fact.connectTime = performance.now() - this.#arrived
    this.#moment = 'headers'
    const { handshakeTimeout } = this.#settings
    if (handshakeTimeout > 0) this.#listening.limit(handshakeTimeout, this.#onTimeout)
    this.#listening.on(upstream, 'error', this.#onUpstreamError)
    this.#listening.on(upstream, 'end', this.#onUpstreamEnd)
    this.#listening.on(upstream, 'close', this.#onUpstreamClose)
    this.#listening.on(upstream, 'data', this.#onAnswer)
    upstream.write(text, 'latin1')
  }

  readonly #onAnswer = (chunk: Buffer): void => {
    let answer
    try {
      answer = this.#reader.read(chunk)
    } catch (cause) {
      this.#fail('BadAnswer', 'upstream', cause)
      return
    }
    if (answer !== null) this.#answered(answer)
  }

  #answered ({ head, bytes, end }: Answer): void {
    if (this.#reply.raw.headersSent) {
      this.#fail('ClientGone', 'client')
      return
    }
    const fact = this.#fact
    fact.firstByteTime = performance.now() - this.#arrived
    fact.status = head.status
    const protocol = switchesTo(head, this.#offered)
    if (head.status !== 101) {
      this.#finish()
      const error = passOnRefusal(this.#upstream as Duplex, bytes, this.#reply, fact, this.#asked as Asked, this.#settings, this.#way)
      this.#failed(error, error === null && this.#way.throughReply)
    } else if (protocol === null || !this.#client.accepts(head)) {
      this.#fail('BadAnswer', 'upstream')
    } else {
      // The time that the user's hooks take is not the upstream's.
      this.#agreed = true
      this.#listening.unlimit()
      if (this.#client.stream.readableEnded) this.#clientEnded()
      afterHooks(this.#way.onSend, this.#request, this.#reply, this.#upstream as Duplex, error => { this.#open(head, protocol, bytes.subarray(end), error) })
    }
  }

  #open (head: AnswerHead, protocol: string, late: Buffer, error: unknown): void {
    if (this.#done) return
    if (error !== null) {
      this.#fail('RewriteFailed', 'proxy', error, error as Error)
    } else if (this.#client.gone || this.#reply.raw.headersSent) {
      this.#fail('ClientGone', 'client')
    } else if (this.#prepared(head)) {
      // Both sockets keep flowing: the tunnel adds its listeners before the next byte arrives.
      this.#leave()
      this.#opened({ head, protocol, upstream: this.#upstream as Duplex, early: this.#early.bytes(), late })
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

  #clientEnded (): void {
    if (!this.#listening.isLimited) this.#listening.limit(this.#settings.handshakeTimeout || HALF_CLOSED, this.#onTimeout)
  }

  readonly #onTimeout = (): void => this.#fail('Timeout', 'upstream')
  readonly #onUpstreamError = (cause: unknown): void => this.#fail('Reset', 'upstream', cause)
  readonly #onUpstreamClose = (): void => this.#fail('Reset', 'upstream')
  // After its 101, the end is one of the tunnel's, which may wait for hooks.
  readonly #onUpstreamEnd = (): void => { if (!this.#agreed) this.#fail('Reset', 'upstream') }

  /** `error` is what Fastify answers with, where it is not the proxy's own. */
  #fail (name: ErrorName, side: Side, cause: unknown = null, error: Error = new ERRORS[name]()): void {
    if (this.#done) return
    // The request was answered meanwhile, for example by Fastify's `handlerTimeout`: the client's socket now belongs to that answer.
    const answered = this.#reply.raw.headersSent
    if (answered) this.#leave()
    else this.#finish()
    if (!answered) this.#fact.error = describe(name, this.#moment, side, cause)
    const upstream = this.#upstream
    if (upstream !== null) {
      upstream.on('error', noop)
      upstream.destroy()
    }
    if (side === 'client' && !answered) this.#client.stream.destroy()
    this.#failed(side === 'client' || answered ? null : error, false)
  }

  /** Ends the handshake and pauses both sockets, so that no later byte is lost. */
  #finish (): void {
    this.#client.stream.pause()
    this.#upstream?.pause()
    this.#leave()
  }

  /** Removes every listener and timer of the handshake. */
  #leave (): void {
    this.#done = true
    this.#early.leave()
    this.#listening.stop()
  }
}

// The upstream's socket is being destroyed: its later errors are ignored.
function noop (): void {}
