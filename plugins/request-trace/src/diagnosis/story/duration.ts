// How is a time or a size said in a sentence?

/** `22 ms`, `5.8 s`, `3 min 20 s`, `2 h 5 min`. */
export function duration (ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`
  if (ms < 119_950) return `${(ms / 1_000).toFixed(1)} s`
  const seconds = Math.round(ms / 1_000)
  if (seconds < 3_600) return seconds % 60 === 0 ? `${seconds / 60} min` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`
  const minutes = Math.round(seconds / 60)
  return minutes % 60 === 0 ? `${minutes / 60} h` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

/** `300 B`, `64.0 KiB`, `1.5 MiB`. */
export function size (bytes: number): string {
  let value = bytes
  for (const unit of ['B', 'KiB', 'MiB']) {
    if (value < 1_024) return `${unit === 'B' ? value : value.toFixed(1)} ${unit}`
    value /= 1_024
  }
  return `${value.toFixed(1)} GiB`
}
