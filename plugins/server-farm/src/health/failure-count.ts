// Has a server failed too often? Failures in a row, or within a period.
import type { LiveTrafficSettings } from './health-settings.ts'

/** A tunnel that dies younger than this has never served, ms. */
export const YOUNG = 1000

/** So many young tunnels are remembered; more prove nothing more. */
const MOST_YOUNG = 1000

/** Counts the failures of one server. Times are those of `performance.now()`. */
export class FailureCount {
  readonly #most: number
  readonly #period: number
  #row = 0
  /** When the last failures were, at most as many as are too many. */
  readonly #times: number[] = []
  /** When the tunnels were opened of which it is not known yet whether they serve, in order. */
  #young: number[] = []

  constructor ({ failures, period }: LiveTrafficSettings) {
    this.#most = failures
    this.#period = period
  }

  /** Counts a failure; true where these are too many. */
  failed (now: number): boolean {
    if (this.#period === 0) {
      this.#grow(now)
      return ++this.#row >= this.#most
    }
    this.#times.push(now)
    if (this.#times.length > this.#most) this.#times.shift()
    return this.#times.length === this.#most && now - (this.#times[0] as number) <= this.#period
  }

  /** A success ends a row. */
  succeeded (): void {
    this.#row = 0
  }

  /** A 101 is a success once its tunnel has lived for a second: else a server whose tunnels all die at once would never fail in a row. */
  opened (now: number): void {
    if (this.#period > 0) return
    this.#grow(now)
    if (this.#young.length === MOST_YOUNG) this.#young.shift()
    this.#young.push(now)
  }

  /** Counts a tunnel that died young; true where these failures are too many. */
  died (now: number, lived: number): boolean {
    let nearest = 0
    for (let i = 1; i < this.#young.length; i++) {
      if (Math.abs((this.#young[i] as number) - now + lived) < Math.abs((this.#young[nearest] as number) - now + lived)) nearest = i
    }
    this.#young.splice(nearest, 1)
    return this.failed(now)
  }

  clear (): void {
    this.#row = 0
    this.#times.length = 0
    this.#young = []
  }

  /** Tunnels that are old enough by now are successes. */
  #grow (now: number): void {
    let grown = 0
    while (grown < this.#young.length && (this.#young[grown] as number) <= now - YOUNG) grown++
    if (grown === 0) return
    this.#young.splice(0, grown)
    this.#row = 0
  }
}
