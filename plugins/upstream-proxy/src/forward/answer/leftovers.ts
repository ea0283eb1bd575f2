// Does the client still read the rest of an answer whose upstream has sent all of it? No other timer watches that answer any more.
import type { ServerResponse } from 'node:http'
import type { Http2ServerResponse } from 'node:http2'
import type { Socket } from 'node:net'
import { type Place, Roster } from '../../sockets/roster.ts'
import { takenFrom } from '../../sockets/taken.ts'
import { Watch } from '../../sockets/watch.ts'

/** An answer that has not left completely, as of the last check. */
export interface Leftover {
  readonly response: ServerResponse | Http2ServerResponse
  readonly expired: () => void
  taken: number
  /** Since when the client has accepted nothing, on `performance.now()`'s clock. */
  since: number
}

// Checks per limit: a client that accepts nothing is found at the latest a quarter of the limit too late.
const LOOKS = 4

/** All such answers of a proxy. Most answers leave at once and are never added; the others share one timer, which is stopped while there are none. */
export class Leftovers {
  readonly #limit: number
  readonly #open = new Roster<Leftover>()
  readonly #watch = new Watch(() => { this.#look() })
  #looking = false

  /** `limit` in ms; 0 for none. */
  constructor (limit: number) {
    this.#limit = limit
  }

  /** Watches an answer, and calls `expired` whenever the client has accepted nothing for the limit, until the answer is struck. */
  add (response: Leftover['response'], expired: () => void): Place<Leftover> {
    if (!this.#looking && this.#limit > 0) this.#goOn()
    return this.#open.add({ response, expired, taken: takenOf(response), since: performance.now() })
  }

  strike (place: Place<Leftover>): void {
    this.#open.strike(place)
  }

  #goOn (): void {
    this.#looking = true
    this.#watch.set(this.#limit / LOOKS)
  }

  #look (): void {
    this.#looking = false
    const now = performance.now()
    for (const one of this.#open.members()) {
      const taken = takenOf(one.response)
      if (taken !== one.taken) {
        one.taken = taken
        one.since = now
      } else if (now - one.since >= this.#limit) {
        one.since = now
        one.expired()
      }
    }
    if (this.#open.size > 0) this.#goOn()
  }
}

/**
 * A number that grows with every byte that the client accepts. It is NaN, which differs from itself, where the client is not the
 * cause of the wait: a response of a pipeline whose turn has not come, or a slow stream of `rewriteResponse`. For HTTP/2 it counts
 * the bytes of the whole session, because Node does not report how much of a part has left.
 */
function takenOf (response: Leftover['response']): number {
  const stream = 'stream' in response ? response.stream : null
  if (response.writableLength === 0 && stream?.closed !== true) return NaN
  return takenFrom((stream === null ? response.socket : stream.session?.socket) as Socket | null | undefined, response.writableLength)
}
