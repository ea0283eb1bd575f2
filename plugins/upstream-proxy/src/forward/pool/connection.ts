// One connection to an upstream: which exchange uses it, what does it wait for, and how does it end?
import type { Socket } from 'node:net'
import { type ErrorName, nameOf, sideOf } from '../../errors.ts'
import type { RawHeaders } from '../../headers/raw-headers.ts'
import { attemptAnswered, attemptFailed } from '../../onlookers/tell-attempt.ts'
import type { Origin } from '../../route/target.ts'
import { dial, type Dialled } from '../../sockets/dial.ts'
import type { Place } from '../../sockets/roster.ts'
import { type AnswerHead, BadAnswer } from '../answer/answer-head.ts'
import { AnswerParser, type AnswerSink } from '../answer/answer-parser.ts'
import type { ForwardSettings } from '../options.ts'
import type { Exchange, Line, Owner } from './exchange.ts'
import { hearLastWord } from './last-word.ts'
import { Outgoing } from './outgoing.ts'
import { Patience } from './patience.ts'
import { readInto } from './read-into.ts'

export class Connection implements AnswerSink, Line {
  /** Its entry in the owner's list of open connections. */
  place: Place<Connection> | null = null
  /** The exchange that uses the connection until it is free again; and the client of that exchange, where clients are counted. */
  holder: Exchange | null = null
  client: string | null = null
  /** What requests are written to. */
  readonly out: Outgoing
  readonly #owner: Owner<Connection>
  readonly #socket: Socket
  readonly #parser: AnswerParser
  readonly #patience: Patience
  #exchange: Exchange | null
  #held = false
  readonly #until: number
  #served = 0
  #reusable = true
  #failure: ErrorName | null = null
  #cause: unknown = null

  constructor (origin: Origin, owner: Owner<Connection>, settings: ForwardSettings, exchange: Exchange) {
    this.#owner = owner
    this.#until = settings.maxAge > 0 ? performance.now() + settings.maxAge : Infinity
    this.#patience = new Patience(settings, () => { this.#expire() })
    this.#exchange = exchange
    this.#parser = new AnswerParser(this, settings.headLimit)
    const socket = dial(origin, settings.dial, this.#dialled, readInto(origin.secure, bytes => this.#read(bytes)))
    this.#socket = socket
    this.out = new Outgoing(socket, this.#patience, settings.sendTimeout, () => {
      this.#failure = 'Timeout'
      socket.destroy()
    })
    hearLastWord(socket, cause => {
      this.#reusable = false
      this.#cause ??= cause
    })
    socket.on('drain', () => { this.#exchange?.drained() })
    socket.on('end', () => { this.#ended() })
    socket.on('close', () => { this.#closed() })
  }

  get kept (): boolean {
    return this.#served > 0
  }

  /** True where no request can be sent on it any more; its owner may not have been told yet. */
  get dead (): boolean {
    return this.#socket.destroyed
  }

  /** Gives the connection to an exchange. */
  take (exchange: Exchange): void {
    this.#exchange = exchange
    exchange.connected(this)
  }

  expect (method: string, hasBody: boolean): void {
    this.out.prepare()
    this.#parser.expect(method)
    this.#patience.asked(hasBody)
  }

  /** Stops reading: the bytes of the last part are still in use, or the client is slow. Also called after the answer's end. */
  hold (): void {
    this.#held = true
  }

  /** Continues reading. */
  resume (): void {
    if (!this.#held) return
    this.#held = false
    this.#socket.resume()
    if (this.#exchange !== null) this.#patience.moved()
    else if (this.#parser.idle) this.#release()
  }

  /** Closes the connection without telling the exchange: it no longer waits for the answer. `reads`: the rest of that is read, where it comes soon, and the connection kept. */
  abandon (reads = false): void {
    this.#exchange = null
    if (reads) this.#patience.discarded()
    else this.#socket.destroy()
  }

  // The parser's results go to the exchange; the connection uses them only for its time limit and to decide whether it can be reused.

  information (head: AnswerHead): void {
    attemptAnswered(this.#exchange?.request, this.#owner.origin.name, head)
    this.#exchange?.information(head)
  }

  head (head: AnswerHead): void {
    this.#patience.answered(head)
    if (!head.reusable) this.#reusable = false
    attemptAnswered(this.#exchange?.request, this.#owner.origin.name, head)
    this.#exchange?.head(head)
  }

  body (part: Buffer): void {
    this.#exchange?.body(part)
  }

  end (last: Buffer | null, trailers: RawHeaders | null): void {
    this.#exchange?.end(last, trailers)
    this.#exchange = null
  }

  readonly #dialled: Dialled = failure => {
    this.#socket.on('error', error => { this.#cause ??= error })
    if (failure === null) return this.#exchange?.connected(this)
    this.#failure = failure.name
    this.#cause = failure.cause
  }

  /** False where the socket must stop reading. */
  #read (bytes: Buffer): boolean {
    if (!this.out.asked && this.#served > 0) {
      // These bytes cannot answer the next request: it has not been sent yet.
      this.#socket.destroy()
      return false
    }
    if (this.#patience.moment === 'body') this.#patience.moved()
    try {
      this.#parser.push(bytes)
      if (this.#exchange !== null && this.#patience.moment === 'body') this.#exchange.flush()
    } catch (error) {
      // Any error but BadAnswer comes from `rewriteResponse`, or from a header that a hook set.
      this.#failure = error instanceof BadAnswer ? 'BadAnswer' : 'RewriteFailed'
      this.#cause = error
      this.#socket.destroy()
      return false
    }
    if (this.#exchange === null && this.#parser.idle && !this.#held) {
      // The connection is released only here, when all received bytes are parsed: extra bytes would be taken for the next answer.
      this.#release()
    }
    return !this.#held
  }

  #release (): void {
    if (!this.#reusable || !this.out.asked || this.#patience.sending || this.#socket.destroyed || performance.now() > this.#until) {
      this.#socket.destroy()
      return
    }
    this.#served++
    this.#patience.rest()
    this.#owner.free(this)
  }

  #ended (): void {
    if (this.#exchange === null || !this.#parser.endsWithConnection) {
      this.#socket.destroy()
      return
    }
    // libuv reports a reset that arrives with the last bytes as an orderly end. An empty write reveals the reset.
    this.#socket.write('', error => {
      if (error !== null && error !== undefined) return
      if (this.#cause === null) this.#parser.finish()
      this.#socket.destroy()
    })
  }

  #expire (): void {
    if (this.#exchange !== null) this.#failure = this.#patience.slowSide(this.#held, this.#socket.writableNeedDrain) === 'client' ? 'ClientTimeout' : 'Timeout'
    this.#socket.destroy()
  }

  #closed (): void {
    this.#patience.stop()
    this.out.close()
    const exchange = this.#exchange
    this.#exchange = null
    if (exchange !== null) {
      const { moment } = this.#patience
      const name = this.#failure ?? nameOf(this.#cause)
      const stale = this.#served > 0 && this.#failure === null && moment !== 'body' && !this.#parser.begun
      attemptFailed(exchange.request, this.#owner.origin.name, name, moment, this.#cause)
      exchange.failed({ name, moment, side: sideOf(name), cause: this.#cause, stale })
    }
    this.#owner.gone(this)
  }
}
