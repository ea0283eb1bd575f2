// What is one attempt to open a tunnel? A connection to one server, the handshake that is sent on it, and the answer to that.
import type { Duplex } from 'node:stream'
import type { Moment } from '@fastify-arr/facts'
import type { ErrorName } from '../../errors.ts'
import type { Settings } from '../../options.ts'
import { dial } from '../../sockets/dial.ts'
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
  readonly upstream: Duplex
  readonly #settings: Settings
  readonly #owner: AttemptOwner
  readonly #listening = new Listening()
  #reader: AnswerReader | null = null
  #moment: Moment = 'connect'
  #agreed = false

  constructor (head: HandshakeHead, settings: Settings, owner: AttemptOwner) {
    this.head = head
    this.#settings = settings
    this.#owner = owner
    this.upstream = dial(head.origin, settings, failure => {
      if (failure !== null) owner.unreachable(failure.name, failure.cause)
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

  #onConnected (): void {
    const { upstream } = this
    this.#moment = 'headers'
    this.#reader = new AnswerReader(this.#settings.forward.headLimit)
    this.#owner.connected()
    const { handshakeTimeout } = this.#settings
    if (handshakeTimeout > 0) this.#listening.limit(handshakeTimeout, this.#onTimeout)
    this.#listening.on(upstream, 'error', this.#onError)
    this.#listening.on(upstream, 'end', this.#onEnd)
    this.#listening.on(upstream, 'close', this.#onClose)
    this.#listening.on(upstream, 'data', this.#onAnswer)
    upstream.write(this.head.text, 'latin1')
  }

  readonly #onAnswer = (chunk: Buffer): void => {
    let answer
    try {
      answer = (this.#reader as AnswerReader).read(chunk)
    } catch (cause) {
      this.#owner.attemptFailed('BadAnswer', cause)
      return
    }
    if (answer !== null) this.#owner.answered(answer)
  }

  readonly #onTimeout = (): void => { this.#owner.attemptFailed('Timeout', null) }
  readonly #onError = (cause: unknown): void => { this.#owner.attemptFailed('Reset', cause) }
  readonly #onClose = (): void => { this.#owner.attemptFailed('Reset', null) }
  readonly #onEnd = (): void => { if (!this.#agreed) this.#owner.attemptFailed('Reset', null) }
}

// The socket is being destroyed: its later errors are ignored.
function noop (): void {}
