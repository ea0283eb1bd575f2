// How are figures summed up and written?

/** The median of some values; NaN of none. */
export function median (values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] ?? NaN : ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2
}

export function ratio (value: number, other: number): string {
  return Number.isFinite(value / other) && Number.isFinite(other) ? (value / other).toFixed(2) : ''
}

export function percent (share: number): string {
  return `${Math.round(share * 100)} %`
}

export function rate (value: number): string {
  return value >= 1000 ? `${(value / 1000).toFixed(1)} k` : value.toFixed(0)
}
