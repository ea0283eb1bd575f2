// How is a number written? Short, in units that are read at a glance; a cell or an element with the class `figure` sets its digits in equal widths.

const WHOLE = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })
const TENTH = new Intl.NumberFormat('en', { maximumFractionDigits: 1 })
const COMPACT = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 })
const UNITS = ['B', 'KB', 'MB', 'GB', 'TB', 'PB']

/** What stands for a value that there is not. */
export const NONE = '–'

/** @param {number | null | undefined} value `1,234`; from a million on `1.2M` */
export function count (value) {
  if (value === null || value === undefined) return NONE
  return Math.abs(value) >= 1_000_000 ? COMPACT.format(value) : WHOLE.format(value)
}

/** @param {number | null | undefined} value a number per second, with a tenth below 100 */
export function rate (value) {
  if (value === null || value === undefined) return NONE
  return Math.abs(value) >= 1_000_000 ? COMPACT.format(value) : (Math.abs(value) < 100 ? TENTH : WHOLE).format(value)
}

/** @param {number | null | undefined} value `512 B`, `1.5 KB`: 1 KB is 1000 bytes */
export function bytes (value) {
  if (value === null || value === undefined) return NONE
  let unit = 0
  let size = value
  while (Math.abs(size) >= 999.5 && unit < UNITS.length - 1) {
    size /= 1000
    unit++
  }
  return `${(unit > 0 && Math.abs(size) < 99.95 ? TENTH : WHOLE).format(size)} ${UNITS[unit]}`
}

/** @param {number | null | undefined} value `1.5 KB/s` */
export function bytesPerSecond (value) {
  return value === null || value === undefined ? NONE : `${bytes(value)}/s`
}

/** @param {number | null | undefined} ms a time that something took: `0.8 ms`, `48 ms`, `1.2 s`, `2 min 5 s`, `3 h 4 min`, `2 d 3 h` */
export function duration (ms) {
  if (ms === null || ms === undefined) return NONE
  if (ms < 99.95) return `${TENTH.format(ms)} ms`
  if (ms < 999.5) return `${WHOLE.format(ms)} ms`
  if (ms < 59_950) return `${TENTH.format(ms / 1000)} s`
  return age(ms)
}

/** @param {number | null | undefined} ms how old something is, in whole seconds: `0 s`, `59 s`, `2 min 5 s`, `3 h 4 min`, `2 d 3 h` */
export function age (ms) {
  if (ms === null || ms === undefined) return NONE
  const seconds = Math.max(0, Math.round(ms / 1000))
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3600) return two(seconds, 60, 'min', 1, 's')
  if (seconds < 86_400) return two(seconds, 3600, 'h', 60, 'min')
  return two(seconds, 86_400, 'd', 3600, 'h')
}

/**
 * @param {number} seconds
 * @param {number} large
 * @param {string} largeUnit
 * @param {number} small
 * @param {string} smallUnit
 */
function two (seconds, large, largeUnit, small, smallUnit) {
  const rest = Math.floor(seconds % large / small)
  return `${Math.floor(seconds / large)} ${largeUnit}${rest === 0 ? '' : ` ${rest} ${smallUnit}`}`
}

/** @param {number | null | undefined} at ms since the epoch: `20:53:41`, in local time */
export function clock (at) {
  return at === null || at === undefined ? NONE : new Date(at).toLocaleTimeString('en-GB')
}

/** @param {number | null | undefined} at ms since the epoch: `2026-01-31 20:53:41`, in local time */
export function dateTime (at) {
  if (at === null || at === undefined) return NONE
  return `${new Date(at).toLocaleDateString('sv-SE')} ${clock(at)}`
}

/** @param {number} of 0 to 1: `12%` */
export function percent (of) {
  return `${WHOLE.format(of * 100)}%`
}

/**
 * The plural where it is one: `1 site`, `2 sites`.
 *
 * @param {number} n
 * @param {string} one
 * @param {string} [many]
 */
export function some (n, one, many = `${one}s`) {
  return `${count(n)} ${n === 1 ? one : many}`
}
