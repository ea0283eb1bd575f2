// How are times distributed?

/** The percentiles of a set of times. */
export interface Spread {
  readonly count: number
  /** ms, accurate to 1 %; null where there are no values. */
  readonly p50: number | null
  readonly p90: number | null
  readonly p99: number | null
  readonly max: number | null
}

const GROWTH = Math.log(1.01)

// A histogram with steps of 1 % instead of every value: a busy server's day takes a few kilobytes.
export function createSpread () {
  const steps = new Map<number, number>()
  let number = 0
  let max = 0
  return {
    add (value: number) {
      number++
      max = Math.max(max, value)
      const step = Math.round(Math.log(value + 1) / GROWTH)
      steps.set(step, (steps.get(step) ?? 0) + 1)
    },
    result (): Spread {
      const ordered = [...steps].sort(([a], [b]) => a - b)
      const at = (share: number) => {
        let left = Math.ceil(number * share)
        for (const [step, times] of ordered) if ((left -= times) <= 0) return Math.min(max, Math.round(Math.exp(step * GROWTH) - 1))
        return null
      }
      return { count: number, p50: at(0.5), p90: at(0.9), p99: at(0.99), max: number === 0 ? null : max }
    }
  }
}
