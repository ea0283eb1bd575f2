// One connection to an upstream: who uses it, what is awaited on it, and how does it end?
import type { Socket } from 'node:net'
import { type ErrorName, nameOf, sideOf } from '../../errors.ts'
import type { RawHeaders } from '../../headers/raw-headers.ts'
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
  /** Among its owner's open ones. */
  place: Place<Connection> | null = null
  /** Whom its owner gave it to, until it is free again, and who that one's client is, where clients are counted. */
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
    this.out = new Outgoing(socket, this.#patience, settings.sendTimeout, () => { this.#stalled() })
    hearLastWord(socket, cause => {
      this.#reusable = false
      this.#cause ??= cause
    })
    socket.on('drain', () => { this.#exchange?.drained() })
    socket.on('end', () => { this.#ended() })
    socket.on('close', () => { this.#closed() })
  }

  /** True where an earlier exchange was served: the upstream may be about to close it. */
  get kept (): boolean {
    return this.#served > 0
  }

  /** Nothing can be asked on it any more, though its owner has not been told yet. */
  get dead (): boolean {
    return this.#socket.destroyed
  }

  /** Gives the connection to an exchange. */
  take (exchange: Exchange): void {
    this.#exchange = exchange
    exchange.connected(this)
  }

  /** Awaits the answer to a request that is about to be written. Where it has a body, `sent` says that all of it was. */
  expect (method: string, hasBody: boolean): void {
    this.out.prepare()
    this.#parser.expect(method)
    this.#patience.asked(hasBody)
  }

  /** The bytes of the last part are still needed, or the client is behind: read no further. Also after the end. */
  hold (): void {
    this.#held = true
  }

  /** Reads on. */
  resume (): void {
    if (!this.#held) return
    this.#held = false
    this.#socket.resume()
    if (this.#exchange !== null) this.#patience.moved()
    else if (this.#parser.idle) this.#release()
  }

  /** Nobody waits for the end: nobody hears of this connection again. */
  abandon (): void {
    this.#exchange = null
    this.#socket.destroy()
  }

  // What the parser reads is the exchange's; the connection only keeps its own clock and fate by it.

  information (head: AnswerHead): void {
    this.#exchange?.information(head)
  }

  head (head: AnswerHead): void {
    this.#patience.answered(head)
    if (!head.reusable) this.#reusable = false
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
    if (failure !== null) {
      this.#failure = failure.name
      this.#cause = failure.cause
    } else {
      this.#exchange?.connected(this)
    }
  }

  /** False where the socket is to stop reading. */
  #read (bytes: Buffer): boolean {
    if (!this.out.asked && this.#served > 0) {
      // Whatever this answers, it is not the request that is about to leave.
      this.#socket.destroy()
      return false
    }
    if (this.#patience.moment === 'body') this.#patience.moved()
    try {
      this.#parser.push(bytes)
      if (this.#exchange !== null && this.#patience.moment === 'body') this.#exchange.flush()
    } catch (error) {
      // What is not the upstream's fault is that of whoever rewrites or adds, here.
      this.#failure = error instanceof BadAnswer ? 'BadAnswer' : 'RewriteFailed'
      this.#cause = error
      this.#socket.destroy()
      return false
    }
    if (this.#exchange === null && this.#parser.idle && !this.#held) {
      // Only here, when every byte that came is accounted for, may the next exchange have it.
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
    // A reset that comes along with the last bytes is told by libuv as an orderly end. Writing nothing brings it out.
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

  /** The upstream takes nothing of the body. */
  #stalled (): void {
    this.#failure = 'Timeout'
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
      exchange.failed({ name, moment, side: sideOf(name), cause: this.#cause, stale })
    }
    this.#owner.gone(this)
  }
}
