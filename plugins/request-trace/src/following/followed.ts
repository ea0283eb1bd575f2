// Who follows this one exchange? Told when its WebSocket is open, and at its end.
import type { TracedExchange, TraceFollower } from '@fastify-arr/facts'
import type { FastifyRequest } from 'fastify'

export class Followed {
  readonly #followers: readonly TraceFollower[]
  readonly #over: () => void
  readonly #broke: (error: unknown) => void
  #isHeard = false

  /** `over` is called once, when the channels have no more to tell but a WebSocket's end. */
  constructor (followers: readonly TraceFollower[], over: () => void, broke: (error: unknown) => void) {
    this.#followers = followers
    this.#over = over
    this.#broke = broke
  }

  /** The WebSocket is open, the exchange is over, or it was given up. */
  heard (): void {
    if (this.#isHeard) return
    this.#isHeard = true
    this.#over()
  }

  /** In a later turn of the event loop: nobody waits for what a follower does. */
  tell (request: FastifyRequest, trace: TracedExchange): void {
    setImmediate(() => {
      for (const follower of this.#followers) {
        try {
          follower.traced(request, trace)
        } catch (error) {
          this.#broke(error)
        }
      }
    })
  }
}
