// How fast do a client's handshakes come? A bucket of tokens for each client: a handshake takes one, and they come back evenly.
import type { Clients } from '../addresses/clients.ts'

const AT = 0
const TAKEN = 1
/** Of a token: what rounding may lose, so that a client that waits as long as it is told is let in. */
const ROUNDING = 1e-6

export class HandshakeRate {
  readonly #clients: Clients
  readonly #most: number
  readonly #each: number

  /** @param most how many tokens a bucket holds @param per how long (ms) an empty bucket takes to be full again. */
  constructor (clients: Clients, most: number, per: number) {
    this.#clients = clients
    this.#most = most
    this.#each = per / most
  }

  /** Takes a token, and is 0; where there is none, the ms until there is one. `now` in ms. */
  take (row: number, now: number): number {
    const { numbers } = this.#clients
    const at = row * 3
    // What is taken is counted, and not what is left, so that a new client's zero is a full bucket.
    const taken = Math.max(0, (numbers[at + TAKEN] as number) - (now - (numbers[at + AT] as number)) / this.#each)
    numbers[at + AT] = now
    if (taken > this.#most - 1 + ROUNDING) {
      numbers[at + TAKEN] = taken
      return (taken - (this.#most - 1)) * this.#each
    }
    numbers[at + TAKEN] = taken + 1
    return 0
  }
}
