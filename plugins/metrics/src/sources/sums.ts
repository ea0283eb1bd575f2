// What do the kinds of exchanges sum up to, under the labels of one metric?
import { labelled } from '../counting/counter.ts'
import type { Sample } from '../counting/metric.ts'
import type { Kind } from './kinds.ts'

/** The kinds that are meant, counted by some of their traits, which become labels with these names. */
export function * sumOf (kinds: Iterable<Kind>, traits: ReadonlyArray<keyof Kind>, names: readonly string[], isMeant: (kind: Kind) => boolean): Generator<Sample> {
  const sums = new Map<string, { readonly values: string[], count: number }>()
  for (const kind of kinds) {
    if (!isMeant(kind)) continue
    const values = traits.map(trait => String(kind[trait]))
    const key = values.join('\u0000')
    const entry = sums.get(key)
    if (entry === undefined) sums.set(key, { values, count: kind.count })
    else entry.count += kind.count
  }
  for (const { values, count } of sums.values()) yield { value: count, labels: labelled(names, values) }
}

/** The times of all but WebSockets, by site and status, as Prometheus' histogram: each bucket has those of the smaller ones, too. */
export function * spreadOf (name: string, kinds: Iterable<Kind>, bounds: readonly number[]): Generator<Sample> {
  const spreads = new Map<string, { readonly labels: Record<string, string>, readonly times: Float64Array, sum: number }>()
  for (const { webSocket, site, code, times, sum } of kinds) {
    if (webSocket === 'open' || webSocket === 'own') continue
    const key = `${site}\u0000${code}`
    let spread = spreads.get(key)
    if (spread === undefined) spreads.set(key, spread = { labels: { site, code }, times: new Float64Array(times.length), sum: 0 })
    spread.sum += sum
    for (let i = 0; i < times.length; i++) spread.times[i]! += times[i] as number
  }
  for (const { labels, times, sum } of spreads.values()) {
    let count = 0
    for (let i = 0; i < times.length; i++) {
      count += times[i] as number
      yield { metricName: `${name}_bucket`, value: count, labels: { ...labels, le: i < bounds.length ? String(bounds[i]) : '+Inf' } }
    }
    yield { metricName: `${name}_sum`, value: sum, labels }
    yield { metricName: `${name}_count`, value: count, labels }
  }
}
