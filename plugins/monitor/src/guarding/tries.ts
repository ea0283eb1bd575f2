// How many wrong tokens may an address try? A few a second, and the first of them is logged.

/** An address that has tried. */
interface Tried {
  /** Tries that it has left; they come back with time. */
  left: number
  /** ms. */
  at: number
  loggedAt: number
}

const MOST = 5
const PER_SECOND = 2
/** ms between two lines in the log about one address. */
const QUIET = 60_000
/** Of so many addresses something is known; then the one that has not tried for the longest time is forgotten. */
const ADDRESSES = 256

/** Wrong tokens, by address. Right ones cost nothing, and cookies can't be guessed. */
export class Tries {
  readonly #addresses = new Map<string, Tried>()
  readonly #log: (address: string) => void
  readonly #now: () => number

  constructor (log: (address: string) => void, now: () => number = () => performance.now()) {
    this.#log = log
    this.#now = now
  }

  /** Whether the address may try one. */
  mayTry (address: string): boolean {
    const tried = this.#addresses.get(address)
    return tried === undefined || this.#refilled(tried).left >= 1
  }

  failed (address: string): void {
    const now = this.#now()
    const tried = this.#addresses.get(address) ?? { left: MOST, at: now, loggedAt: -Infinity }
    // Again at the end of the row: a Map keeps the order of insertion.
    this.#addresses.delete(address)
    this.#addresses.set(address, tried)
    this.#refilled(tried).left--
    if (now - tried.loggedAt >= QUIET) {
      tried.loggedAt = now
      this.#log(address)
    }
    const [oldest] = this.#addresses.keys()
    if (this.#addresses.size > ADDRESSES && oldest !== undefined) this.#addresses.delete(oldest)
  }

  #refilled (tried: Tried): Tried {
    const now = this.#now()
    tried.left = Math.min(MOST, tried.left + (now - tried.at) / 1000 * PER_SECOND)
    tried.at = now
    return tried
  }
}
