// How many servers of a farm may the traffic put out at once?
import type { HealthSettings } from './health-settings.ts'

/** The share of one farm. `size` is asked each time, since servers come and go. */
export class Ejections {
  readonly #share: number
  readonly #size: () => number
  #out = 0

  constructor (settings: HealthSettings, size: () => number) {
    this.#share = settings.liveTraffic?.atMost ?? 0
    this.#size = size
  }

  /** Takes one server out; false where no other may go. */
  take (): boolean {
    // The farm's part in whole servers; 0.29 × 100 is a little less than 29 in binary.
    if (this.#out + 1 > this.#size() * this.#share + 1e-9) return false
    this.#out++
    return true
  }

  /** One of those that were taken is back, or no longer in the farm. */
  giveBack (): void {
    this.#out--
  }
}
