// Does a request's body arrive fast enough? A client that sends a byte now and then could occupy a connection to the upstream for
// as long as it likes.
import { type Place, Roster } from '../../sockets/roster.ts'
import { Watch } from '../../sockets/watch.ts'

// ms. How far a client may fall behind the rate, because of the first round trips of a connection or a lost packet.
// The same grace period as Kestrel's MinRequestBodyDataRate.
const GRACE = 5000

// ms. How long a request waits for the first part of its body before it takes a connection. A client that has sent a Content-Length
// sends the whole body without waiting for an answer. Without a length (FIRST_WORD) it may be one side of a bidirectional stream, and
// wait for the answer before it sends more.
const FIRST_PART = 1000
const FIRST_WORD = 200

// ms. How often all bodies are checked.
const LOOK = 250

/** Called by the pace of a body. */
export interface Paced {
  /** The time to wait for the first part is over. Called again at each check. */
  waited (): void
  /** The client is slower than the minimum rate. */
  slow (): void
}

/** The time credit of one body: waiting for the client reduces it, bytes that arrive add to it. */
export class Pace {
  readonly #body: Paced
  readonly #patience: number
  readonly #rated: boolean
  readonly #began = performance.now()
  /** The remaining credit: how long the client may still pause, in ms. */
  #left = GRACE
  /** Bytes, and ms of waiting for the client, since the last check. */
  #bytes = 0
  #waited = 0
  /** Since when the proxy waits for the client; null while it waits for the upstream or is queued. */
  #since: number | null = this.#began

  /** @param sized whether the client has sent the length @param rated whether the rate applies; it does not for a stream that a hook provided. */
  constructor (body: Paced, sized: boolean, rated: boolean) {
    this.#body = body
    this.#patience = sized ? FIRST_PART : FIRST_WORD
    this.#rated = rated
  }

  came (bytes: number): void {
    this.#bytes += bytes
  }

  /** The body is paused: the client is not waited for. */
  hold (): void {
    if (this.#since !== null) this.#waited += performance.now() - this.#since
    this.#since = null
  }

  /** The body is resumed: the client is waited for again. */
  goOn (): void {
    this.#since ??= performance.now()
  }

  /** Checks the body. `rate` in bytes per second, 0 for no minimum; `most` is the largest credit, in ms. */
  look (now: number, rate: number, most: number): void {
    if (rate > 0 && this.#rated) {
      const waited = this.#waited + (this.#since === null ? 0 : now - this.#since)
      this.#left = Math.min(this.#left + this.#bytes * 1000 / rate, most) - waited
      this.#bytes = this.#waited = 0
      if (this.#since !== null) this.#since = now
      if (this.#left < 0) {
        this.#body.slow()
        return
      }
    }
    if (now - this.#began >= this.#patience) this.#body.waited()
  }
}

/** The bodies that a proxy is receiving. They share one timer, which is stopped while there are none. */
export class BodyPaces {
  readonly #rate: number
  readonly #most: number
  readonly #open = new Roster<Pace>()
  // Bytes that have already arrived are read first: a client must not get 408 because the process was busy.
  readonly #watch = new Watch(() => { setImmediate(() => { this.#look() }) })
  #looking = false

  /** @param rate bytes per second, 0 for no minimum @param idle ms, 0 for no limit: how long a client that was faster may pause. */
  constructor (rate: number, idle: number) {
    this.#rate = rate
    this.#most = Math.max(GRACE, idle || Infinity)
  }

  add (pace: Pace): Place<Pace> {
    if (!this.#looking) this.#goOn()
    return this.#open.add(pace)
  }

  strike (place: Place<Pace>): void {
    this.#open.strike(place)
  }

  #goOn (): void {
    this.#looking = true
    this.#watch.set(LOOK)
  }

  #look (): void {
    this.#looking = false
    const now = performance.now()
    for (const pace of this.#open.members()) pace.look(now, this.#rate, this.#most)
    if (this.#open.size > 0 && !this.#looking) this.#goOn()
  }
}
