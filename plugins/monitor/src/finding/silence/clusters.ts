// Do several silences agree by more than chance? Random ones come close to each other too, and the more there are the closer.

/** Less is no silence, ms: a conversation pauses. */
export const SHORTEST = 1_500
/** The least that agree. */
const LEAST = 5
/** Two of a cluster differ by no more, ms: ± 2 s. */
const WIDEST = 4_000
/** Clocks and time slices spread even silences that are equal, ms. */
const NARROWEST = 500
/** A cluster of so many times what is expected of chance: with thousands, even a small surplus is none. */
const DENSITY = 3
/** How likely chance may be: for a time that is somebody's default, and for any other. */
const CHANCE_OF_KNOWN = 1e-3
const CHANCE = 1e-5

/** A range of a sorted list, `end` not counted in. */
export interface Cluster {
  readonly start: number
  readonly end: number
}

/**
 * The clusters of a sorted list of silences, ms, none shorter than `SHORTEST`; no two of them overlap. `isKnown` says which times are somebody's default.
 *
 * A cluster of k within w is compared with the silences around it, from a quarter of its time to half as much again: were these n spread
 * evenly over their range R, n × P(at least k − 1 of the n − 1 others within w) bounds how often chance makes such a one (a scan statistic),
 * four times that because four widths are tried.
 */
export function clustersIn (silences: readonly number[], isKnown: (ms: number) => boolean): Cluster[] {
  const candidates: Array<Cluster & { readonly chance: number }> = []
  const longest = silences.at(-1) ?? 0
  for (let start = 0; start + LEAST <= silences.length; start++) {
    const first = silences[start] as number
    let best: Cluster & { readonly chance: number } | null = null
    const widest = above(silences, first + WIDEST)
    for (const end of new Set([widest, above(silences, first + WIDEST / 2), above(silences, first + WIDEST / 4), above(silences, first + WIDEST / 8)])) {
      if (end - start < LEAST) continue
      const chance = chanceOf(silences, start, end, longest)
      if (best === null || chance < best.chance) best = { start, end, chance }
    }
    if (best === null) continue
    const middle = silences[(best.start + best.end) >> 1] as number
    if (best.chance < (isKnown(middle) ? CHANCE_OF_KNOWN : CHANCE)) candidates.push(best)
  }
  const clusters: Cluster[] = []
  for (const { start, end } of candidates.sort((one, other) => one.chance - other.chance)) {
    if (clusters.every(other => end <= other.start || start >= other.end)) clusters.push({ start, end })
  }
  return clusters
}

function chanceOf (silences: readonly number[], start: number, end: number, longest: number): number {
  const first = silences[start] as number
  const last = silences[end - 1] as number
  const from = Math.max(first / 4, SHORTEST)
  const to = Math.min(last * 1.5, longest)
  const n = above(silences, to) - below(silences, from)
  const share = Math.min(1, Math.max(NARROWEST, last - first) / Math.max(1, to - from))
  const k = end - start
  return k < DENSITY * n * share ? 1 : 4 * n * atLeast(k - 1, n - 1, share)
}

/** P(X ≥ k) of a binomial distribution, from its first term on: those after it shrink where k is more than is expected. */
function atLeast (k: number, n: number, p: number): number {
  if (k <= n * p) return 1
  let term = 0
  for (let i = 0; i < k; i++) term += Math.log((n - i) / (k - i))
  term = Math.exp(term + k * Math.log(p) + (n - k) * Math.log1p(-Math.min(p, 1 - 1e-12)))
  let sum = 0
  for (let i = k; i <= n && term > sum * 1e-6; i++) {
    sum += term
    term *= (n - i) / (i + 1) * (p / (1 - p))
  }
  return Math.min(1, sum)
}

/** The index of the first one that is larger. */
function above (sorted: readonly number[], value: number): number {
  return search(sorted, one => one > value)
}

/** The index of the first one that is not smaller. */
function below (sorted: readonly number[], value: number): number {
  return search(sorted, one => one >= value)
}

function search (sorted: readonly number[], isBehind: (value: number) => boolean): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (isBehind(sorted[middle] as number)) high = middle
    else low = middle + 1
  }
  return low
}
