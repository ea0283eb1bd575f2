// Does a request's body come fast enough? A client that sends a byte now and then would keep a connection to the upstream busy for
// as long as it likes.
import { type Place, Roster } from '../../sockets/roster.ts'
import { Watch } from '../../sockets/watch.ts'

// ms. How far a client may fall behind the rate: the first round trips of a connection, and a lost packet, take their time.
// As Kestrel's MinRequestBodyDataRate.
const GRACE = 5000

// ms. How long a request waits for the first part of its body before it takes a connection. A client that has told the length sends
// all of it without being answered. Otherwise it may be one side of a two-way stream, and wait for the answer with its next word.
const FIRST_PART = 1000
const FIRST_WORD = 200

// ms. How often all bodies are looked at.
const LOOK = 250

/** Who is told of the clock. */
export interface Paced {
  /** The first part was waited for long enough. Told again at each look. */
  waited (): void
  /** The client is slower than it may be. */
  slow (): void
}

/** The account of one body: time that passes while the client is waited for is taken from it, bytes that come add to it. */
export class Pace {
  readonly #body: Paced
  readonly #patience: number
  readonly #rated: boolean
  readonly #began = performance.now()
  /** How long the client may still be waited for, in ms. */
  #left = GRACE
  /** Since the last look. */
  #bytes = 0
  #waited = 0
  /** Since when the client is waited for; null while it is the upstream, or the queue. */
  #since: number | null = this.#began

  /** @param sized whether the client has told the length @param rated whether it is the client whose pace this is. */
  constructor (body: Paced, sized: boolean, rated: boolean) {
    this.#body = body
    this.#patience = sized ? FIRST_PART : FIRST_WORD
    this.#rated = rated
  }

  came (bytes: number): void {
    this.#bytes += bytes
  }

  /** The client has to wait. */
  hold (): void {
    if (this.#since !== null) this.#waited += performance.now() - this.#since
    this.#since = null
  }

  /** The client is waited for again. */
  goOn (): void {
    this.#since ??= performance.now()
  }

  /** `rate` in bytes per second, 0 for any; `most` is how much time bytes can earn. */
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

/** The bodies of a proxy that are on their way. One clock for all of them, which is still while there are none. */
export class BodyPaces {
  readonly #rate: number
  readonly #most: number
  readonly #open = new Roster<Pace>()
  // What has come meanwhile is read first: a process that was busy with something else must not blame the client.
  readonly #watch = new Watch(() => { setImmediate(() => { this.#look() }) })
  #looking = false

  /** @param rate bytes per second, 0 for any @param idle ms, 0 for no limit: who was faster may pause for so long. */
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
