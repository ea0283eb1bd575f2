// What is left of an answer once its upstream has said it all: does the client still take it? Nobody else waits for that any more.
import type { ServerResponse } from 'node:http'
import type { Http2ServerResponse } from 'node:http2'
import type { Socket } from 'node:net'
import { type Place, Roster } from '../../sockets/roster.ts'
import { takenFrom } from '../../sockets/taken.ts'
import { Watch } from '../../sockets/watch.ts'

/** An answer that has not left in full, as it was when last looked at. */
export interface Leftover {
  readonly response: ServerResponse | Http2ServerResponse
  readonly expired: () => void
  taken: number
  /** Since when nothing was taken, on `performance.now()`'s clock. */
  since: number
}

// Who takes nothing is found out after this part of the limit, at the latest.
const LOOKS = 4

/** All of a proxy. Most answers leave at once and never come here; for the others there is one clock, which is still while there are none. */
export class Leftovers {
  readonly #limit: number
  readonly #open = new Roster<Leftover>()
  readonly #watch = new Watch(() => { this.#look() })
  #looking = false

  /** `limit` in ms; 0 for none. */
  constructor (limit: number) {
    this.#limit = limit
  }

  /** Waits for the client, and calls `expired` where it has taken nothing for as long as the limit: again and again, until it is struck. */
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
 * What grows with every byte that the client takes, and is never the same twice where it is not the client that is waited for: in a
 * pipeline whose turn has not come, or behind a stream of `rewriteResponse` that takes its time. Of HTTP/2, where nobody tells how
 * much of a part has left, what the whole session sends counts too.
 */
function takenOf (response: Leftover['response']): number {
  const stream = 'stream' in response ? response.stream : null
  if (response.writableLength === 0 && stream?.closed !== true) return NaN
  return takenFrom((stream === null ? response.socket : stream.session?.socket) as Socket | null | undefined, response.writableLength)
}
