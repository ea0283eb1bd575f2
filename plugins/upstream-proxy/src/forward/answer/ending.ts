// How does an answer end on the client's side? Taken whole within its time, or cut so that it does not look whole.
import type { ServerResponse } from 'node:http'
import type { Http2ServerResponse } from 'node:http2'
import { reset } from '../../sockets/reset.ts'
import type { Place } from '../../sockets/roster.ts'
import type { Leftover, Leftovers } from './leftovers.ts'

const INTERNAL_ERROR = 2 // RFC 9113 §7

export class Ending {
  readonly #response: ServerResponse
  readonly #leftovers: Leftovers
  readonly #expired: () => void
  #leftover: Place<Leftover> | null = null
  #gone = false
  /** The whole answer is said. */
  #whole = false
  #isReset = false

  /** `expired` is told where the client does not take what is left of a whole answer. */
  constructor (response: ServerResponse, leftovers: Leftovers, expired: () => void) {
    this.#response = response
    this.#leftovers = leftovers
    this.#expired = expired
  }

  /** All is said: the client has its time to take the rest. Most have taken it by now. */
  wait (): void {
    this.#whole = true
    this.hold()
  }

  /** The client has enough for now: it has its time to take it. */
  hold (): void {
    if (this.#leftover === null && !this.#gone && !this.#response.writableFinished) this.#leftover = this.#leftovers.add(this.#response, this.#expired)
  }

  /** The client has taken what there was. */
  caughtUp (): void {
    if (this.#leftover === null || this.#whole) return
    this.#leftovers.strike(this.#leftover)
    this.#leftover = null
  }

  /** What the client got must not look whole. */
  cut (): void {
    const response = this.#response
    if ('stream' in response) this.#reset((response as unknown as Http2ServerResponse).stream)
    // For HTTP/1.0 a body ends with the connection, unless that is reset.
    else if (response.req.httpVersion === '1.0' && response.socket !== null) reset(response.socket)
    else response.destroy()
  }

  /** The client is gone. */
  closed (): void {
    this.#gone = true
    if (this.#leftover !== null) this.#leftovers.strike(this.#leftover)
  }

  /** Resets a stream. Where not even that has left after a while, nothing does any more, of no stream of the session. */
  #reset (stream: Http2ServerResponse['stream']): void {
    // The session would wait for what it has written, and keeps its socket from us; what one chains on that is the socket itself.
    if (this.#isReset) stream.session?.socket.once('close', noop).destroy()
    else stream.close(INTERNAL_ERROR)
    this.#isReset = true
    this.wait()
  }
}

function noop (): void {}
