// How is a time written for people?

/** A duration in ms: `0.4 ms`, `61.2 s`, `1 h 02 min`. */
export function duration (ms: number): string {
  if (!Number.isFinite(ms)) return 'unknown'
  if (Math.abs(ms) < 1000) return `${rounded(ms)} ms`
  const seconds = ms / 1000
  if (Math.abs(seconds) < 120) return `${rounded(seconds)} s`
  const minutes = Math.floor(seconds / 60)
  return minutes < 60
    ? `${minutes} min ${two(Math.floor(seconds % 60))} s`
    : `${Math.floor(minutes / 60)} h ${two(minutes % 60)} min`
}

/** A number of bytes: `512 bytes`, `1.4 KiB`. */
export function bytes (count: number): string {
  if (count < 1024) return `${count} ${count === 1 ? 'byte' : 'bytes'}`
  const power = Math.min(4, Math.floor(Math.log2(count) / 10))
  return `${rounded(count / 1024 ** power)} ${['', 'K', 'M', 'G', 'T'][power] ?? ''}iB`
}

function rounded (number: number): string {
  return String(Math.round(number * 10) / 10)
}

function two (number: number): string {
  return String(number).padStart(2, '0')
}
