// How are times spread? Each is counted in its bucket; what Prometheus reads is cumulative.
import { labelled } from './counter.ts'
import { metricOf, type Metric, type Sample } from './metric.ts'

interface Spread {
  readonly labels: readonly string[]
  /** One more than there are bounds: the last is for what is above all of them. */
  readonly counts: Float64Array
  sum: number
}

/** Times in seconds, in buckets. */
export class Histogram {
  readonly metric: Metric
  readonly #name: string
  readonly #names: readonly string[]
  readonly #bounds: readonly number[]
  readonly #spreads = new Map<string, Spread>()

  /** `bounds` are the upper bounds of the buckets, in rising order, without infinity. */
  constructor (name: string, help: string, labels: readonly string[], bounds: readonly number[]) {
    this.#name = name
    this.#names = labels
    this.#bounds = bounds
    this.metric = metricOf('histogram', name, help, () => this.#samples(), () => { this.#spreads.clear() })
  }

  observe (by: readonly string[], seconds: number): void {
    const key = by.join('\u0000')
    let spread = this.#spreads.get(key)
    if (spread === undefined) this.#spreads.set(key, spread = { labels: by, counts: new Float64Array(this.#bounds.length + 1), sum: 0 })
    let at = 0
    while (at < this.#bounds.length && seconds > (this.#bounds[at] as number)) at++
    spread.counts[at]!++
    spread.sum += seconds
  }

  * #samples (): Generator<Sample> {
    for (const { labels, counts, sum } of this.#spreads.values()) {
      const own = labelled(this.#names, labels)
      let count = 0
      for (let i = 0; i < counts.length; i++) {
        count += counts[i] as number
        yield { metricName: `${this.#name}_bucket`, value: count, labels: { ...own, le: i < this.#bounds.length ? String(this.#bounds[i]) : '+Inf' } }
      }
      yield { metricName: `${this.#name}_sum`, value: sum, labels: own }
      yield { metricName: `${this.#name}_count`, value: count, labels: own }
    }
  }
}
