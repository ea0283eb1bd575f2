// What is one attempt to open a tunnel? A connection to one server, the handshake that is sent on it, and the answer to that.
import type { Socket } from 'node:net'
import type { Moment } from '@fastify-arr/facts'
import type { FastifyRequest } from 'fastify'
import type { ErrorName } from '../../errors.ts'
import type { Settings } from '../../options.ts'
import { ownHead } from '../../headers/attempt-headers.ts'
import { attemptAnswered, attemptBegan, attemptFailed, attemptSent } from '../../onlookers/tell-attempt.ts'
import { dial } from '../../sockets/dial.ts'
import type { AnswerHead } from '../handshake/answer-head.ts'
import { type Answer, AnswerReader } from '../handshake/answer-reader.ts'
import type { HandshakeHead } from '../handshake/handshake-head.ts'
import { Listening } from '../handshake/listening.ts'

/** The handshake that an attempt is made for. */
export interface AttemptOwner {
  /** No connection came about, and nothing was sent. */
  unreachable (name: ErrorName, cause: unknown): void
  /** The handshake is about to be sent. */
  connected (): void
  answered (answer: Answer): void
  /** The attempt has failed in any other way. */
  attemptFailed (name: ErrorName, cause: unknown): void
}

/** Begins at once. Nothing is told any more after `leave`. */
export class Attempt {
  readonly head: HandshakeHead
  readonly upstream: Socket
  readonly #request: FastifyRequest
  readonly #settings: Settings
  readonly #owner: AttemptOwner
  readonly #listening = new Listening()
  #reader: AnswerReader | null = null
  #moment: Moment = 'connect'
  #agreed = false

  constructor (request: FastifyRequest, head: HandshakeHead, settings: Settings, owner: AttemptOwner) {
    this.#request = request
    this.head = head
    this.#settings = settings
    this.#owner = owner
    attemptBegan(request, head.origin.name)
    this.upstream = dial(head.origin, settings, failure => {
      if (failure !== null) this.#unreachable(failure.name, failure.cause)
      else this.#onConnected()
    })
  }

  /** How far it has come. */
  get moment (): Moment {
    return this.#moment
  }

  /** Limits its time, in ms, where that has no limit yet. */
  limit (ms: number): void {
    if (!this.#listening.isLimited) this.#listening.limit(ms, this.#onTimeout)
  }

  /** The upstream has switched protocols. From now on its end is one of the tunnel's, and the time that passes is not the upstream's. */
  agree (): void {
    this.#agreed = true
    this.#listening.unlimit()
  }

  /** Removes every listener and timer: the connection belongs to something else, or to nobody. */
  leave (): void {
    this.#listening.stop()
  }

  /** Gives up the connection. */
  abandon (): void {
    this.leave()
    this.upstream.on('error', noop)
    this.upstream.destroy()
  }

  /** The handshake comes to nothing here, because of the upstream. */
  fail (name: ErrorName, cause: unknown): void {
    this.tellFailure(name, cause)
    this.#owner.attemptFailed(name, cause)
  }

  /** Tells onlookers alone that it has come to nothing. */
  tellFailure (name: ErrorName, cause: unknown): void {
    attemptFailed(this.#request, this.head.origin.name, name, this.#moment, cause)
  }

  /** An interim answer has come. */
  information (head: AnswerHead): void {
    attemptAnswered(this.#request, this.head.origin.name, head)
  }

  #unreachable (name: ErrorName, cause: unknown): void {
    attemptFailed(this.#request, this.head.origin.name, name, 'connect', cause)
    this.#owner.unreachable(name, cause)
  }

  #onConnected (): void {
    const { upstream } = this
    this.#moment = 'headers'
    this.#reader = new AnswerReader(this.#settings.forward.headLimit, this)
    this.#owner.connected()
    const { handshakeTimeout } = this.#settings
    if (handshakeTimeout > 0) this.#listening.limit(handshakeTimeout, this.#onTimeout)
    this.#listening.on(upstream, 'error', this.#onError)
    this.#listening.on(upstream, 'end', this.#onEnd)
    this.#listening.on(upstream, 'close', this.#onClose)
    this.#listening.on(upstream, 'data', this.#onAnswer)
    const text = ownHead(this.head, this.#request)
    upstream.write(text, 'latin1')
    attemptSent(this.#request, this.head.origin.name, text, upstream, false)
  }

  readonly #onAnswer = (chunk: Buffer): void => {
    let answer
    try {
      answer = (this.#reader as AnswerReader).read(chunk)
    } catch (cause) {
      this.fail('BadAnswer', cause)
      return
    }
    if (answer === null) return
    attemptAnswered(this.#request, this.head.origin.name, answer.head)
    this.#owner.answered(answer)
  }

  readonly #onTimeout = (): void => { this.fail('Timeout', null) }
  readonly #onError = (cause: unknown): void => { this.fail('Reset', cause) }
  readonly #onClose = (): void => { this.fail('Reset', null) }
  readonly #onEnd = (): void => { if (!this.#agreed) this.fail('Reset', null) }
}

// The socket is being destroyed: its later errors are ignored.
function noop (): void {}
