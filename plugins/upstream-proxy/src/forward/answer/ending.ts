// How does an answer end on the client's side? Read completely within its time, or cut so that it does not look complete.
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

  /** `expired` is called where the client does not read the rest of a complete answer in time. */
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

  /** Cuts the answer, so that it does not look complete to the client. */
  cut (): void {
    const response = this.#response
    if ('stream' in response) this.#reset((response as unknown as Http2ServerResponse).stream)
    // In HTTP/1.0 the end of the connection ends the body; only a reset shows that it is incomplete.
    else if (response.req.httpVersion === '1.0' && response.socket !== null) reset(response.socket)
    else response.destroy()
  }

  /** The client has left. */
  closed (): void {
    this.#gone = true
    if (this.#leftover !== null) this.#leftovers.strike(this.#leftover)
  }

  /** Resets a stream. Where the RST_STREAM has not left after the time limit, no bytes of the session leave any more, and its socket is destroyed. */
  #reset (stream: Http2ServerResponse['stream']): void {
    // `session.destroy()` would wait for its writes, and Node's proxy of the socket forbids `destroy()`; `once()` returns the socket itself.
    if (this.#isReset) stream.session?.socket.once('close', noop).destroy()
    else stream.close(INTERNAL_ERROR)
    this.#isReset = true
    this.wait()
  }
}

function noop (): void {}
