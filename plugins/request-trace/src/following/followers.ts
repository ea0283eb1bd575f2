// Who looks at exchanges as they happen? Followers ask for some of them, for as long as they look, and get each as a trace.
import type { TraceFollower } from '@fastify-arr/facts'
import type { FastifyRequest } from 'fastify'
import { Followed } from './followed.ts'

/** ms. */
const WINDOW = 1_000
/** Of a window: how many exchanges are recorded, and among how many. Each one beyond costs nothing: then nobody listens to the channels either. */
export const MOST_RECORDED = 50
export const MOST_ASKED = 1_000

/** The followers of one server. */
export class Followers {
  readonly #followers: TraceFollower[] = []
  readonly #listen: (isWanted: boolean) => void
  readonly #broke: (error: unknown) => void
  readonly #now: () => number
  #windowEnds = 0
  #recorded = 0
  #asked = 0
  /** Followed exchanges of which the channels have more to tell. */
  #pending = 0
  #isListening = false
  /** Told of the first follower of all. */
  onFirst: (() => void) | null = null

  /** `listen` is told when the channels are needed, and when they are not; `broke` gets what a follower throws. */
  constructor (listen: (isWanted: boolean) => void, broke: (error: unknown) => void, now = () => performance.now()) {
    this.#listen = listen
    this.#broke = broke
    this.#now = now
  }

  /** The function that is returned takes the follower out. */
  add (follower: TraceFollower): () => void {
    this.onFirst?.()
    this.onFirst = null
    this.#followers.push(follower)
    return () => {
      const at = this.#followers.indexOf(follower)
      if (at === -1) return
      this.#followers.splice(at, 1)
      if (this.#followers.length === 0) this.#rest()
    }
  }

  get some (): boolean {
    return this.#followers.length > 0
  }

  /** The server is closed. */
  end (): void {
    this.#followers.length = 0
  }

  /** Asked in a request's first hook; null where nobody wants it. */
  wanting (request: FastifyRequest): Followed | null {
    if (this.#followers.length === 0 || !this.#isOpen()) return null
    // Before the others' hooks: what they tell of this request must be heard.
    this.#setListening(true)
    const wanting = this.#followers.filter(follower => this.#asks(follower, request))
    if (wanting.length === 0) return null
    this.#recorded++
    this.#pending++
    return new Followed(wanting, () => {
      this.#pending--
      this.#rest()
    }, this.#broke)
  }

  #isOpen (): boolean {
    const now = this.#now()
    if (now >= this.#windowEnds) {
      this.#windowEnds = now + WINDOW
      this.#recorded = this.#asked = 0
    }
    if (this.#recorded < MOST_RECORDED && this.#asked++ < MOST_ASKED) return true
    this.#rest()
    return false
  }

  /** Nobody listens any more, where no followed exchange needs it: telling costs every exchange. */
  #rest (): void {
    if (this.#pending > 0) return
    const isFull = this.#recorded >= MOST_RECORDED || this.#asked >= MOST_ASKED
    if (isFull || this.#followers.length === 0) this.#setListening(false)
  }

  #setListening (isWanted: boolean): void {
    if (this.#isListening === isWanted) return
    this.#isListening = isWanted
    this.#listen(isWanted)
  }

  #asks (follower: TraceFollower, request: FastifyRequest): boolean {
    try {
      return follower.wants(request)
    } catch (error) {
      this.#broke(error)
      return false
    }
  }
}
