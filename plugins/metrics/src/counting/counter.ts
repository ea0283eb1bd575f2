// How is something counted under labels, in less than a microsecond? A key of the labels' values leads to a number.
import { metricOf, type Metric, type Sample } from './metric.ts'

/** A number for each combination of labels that has occurred; `by` are their values, in the order of the names. */
export class Counter {
  readonly metric: Metric
  readonly #names: readonly string[]
  readonly #values = new Map<string, { readonly labels: readonly string[], value: number }>()

  constructor (name: string, help: string, labels: readonly string[]) {
    this.#names = labels
    this.metric = metricOf('counter', name, help, () => this.samples(), () => { this.#values.clear() })
  }

  add (by: readonly string[], amount = 1): void {
    const key = by.join('\u0000')
    const entry = this.#values.get(key)
    if (entry === undefined) this.#values.set(key, { labels: by, value: amount })
    else entry.value += amount
  }

  * samples (): Generator<Sample> {
    for (const { labels, value } of this.#values.values()) yield { value, labels: labelled(this.#names, labels) }
  }
}

/** Names and values as a registry takes them. */
export function labelled (names: readonly string[], values: readonly string[]): Record<string, string> {
  const out: Record<string, string> = {}
  for (let i = 0; i < names.length; i++) out[names[i] as string] = values[i] ?? ''
  return out
}
