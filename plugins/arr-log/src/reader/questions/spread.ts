// How are times distributed?

/** The percentiles of a set of times. */
export interface Spread {
  readonly count: number
  /** ms, accurate to 1 %; null where there are no values. */
  readonly p50: number | null
  readonly p90: number | null
  readonly p95: number | null
  readonly p99: number | null
  readonly max: number | null
}

const GROWTH = Math.log(1.01)
// Nearly all times are below a minute: their steps are looked up.
const LOOKED_UP = 65_536
const steps = new Uint16Array(LOOKED_UP)
for (let value = 0; value < LOOKED_UP; value++) steps[value] = stepFor(value)

function stepFor (value: number): number {
  return Math.round(Math.log(value + 1) / GROWTH)
}

/** So many values are kept as they are: most groups of a question have few. */
const FEW = 64
const NO_STEPS = new Uint32Array(0)

/** A histogram with steps of 1 % instead of every value: a busy server's day takes a few kilobytes. */
export class Spreading {
  /** The steps of the first values; null once there are too many. */
  #few: number[] | null = []
  #times = NO_STEPS
  #count = 0
  #max = 0

  /** `value` in ms. */
  add (value: number): void {
    this.#count++
    if (value > this.#max) this.#max = value
    const step = value >= 0 && value < LOOKED_UP && Number.isInteger(value) ? steps[value] as number : stepFor(Math.max(0, value))
    if (this.#few !== null && this.#few.push(step) < FEW) return
    if (this.#few !== null) this.#spread(this.#few)
    else this.#raise(step)
  }

  #spread (few: readonly number[]): void {
    this.#few = null
    for (const step of few) this.#raise(step)
  }

  #raise (step: number): void {
    if (step >= this.#times.length) {
      const longer = new Uint32Array(Math.ceil((step + 1) / 256) * 256)
      longer.set(this.#times)
      this.#times = longer
    }
    this.#times[step] = (this.#times[step] as number) + 1
  }

  result (): Spread {
    if (this.#few !== null) this.#spread(this.#few)
    const count = this.#count
    const at = (share: number): number | null => {
      let left = Math.ceil(count * share)
      for (const [step, times] of this.#times.entries()) if (left > 0 && (left -= times) <= 0) return Math.min(this.#max, Math.round(Math.exp(step * GROWTH) - 1))
      return null
    }
    return { count, p50: at(0.5), p90: at(0.9), p95: at(0.95), p99: at(0.99), max: count === 0 ? null : this.#max }
  }
}
