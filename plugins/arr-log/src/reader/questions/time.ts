// Which times does the command line name: how long, since when, on which clock?

const UNITS: Readonly<Record<string, number>> = { '': 1, ms: 1, s: 1_000, min: 60_000, h: 3_600_000, d: 86_400_000 }

/** A duration in ms: `500`, `500ms`, `2s`, `5min`, `1h`, `1d`. Throws an Error that names a text that is none. */
export function durationIn (text: string): number {
  const [, digits = '', unit = ''] = /^(\d+(?:\.\d+)?)(ms|s|min|h|d|)$/.exec(text) ?? []
  if (digits === '') throw new Error(`"${text}" is not a time: write 500, 2s, 5min, 1h or 1d`)
  return Number(digits) * (UNITS[unit] as number)
}

/** A moment, ms since the epoch: `2026-05-28`, `2026-05-28 10:25`, `10:25` (today), or `2h` for two hours ago; without a zone, on the clock that is shown. */
export function momentIn (text: string, utc: boolean, now: number): number {
  const [, day, clock = '00:00', zone] = /^(\d{4}-\d\d-\d\d)?[T ]?(\d\d:\d\d(?::\d\d)?)?(Z|[+-]\d\d:\d\d)?$/.exec(text.trim()) ?? []
  if (text.trim() !== '' && (day !== undefined || /^\d\d:/.test(text.trim()))) {
    const today = new Date(now - (utc ? 0 : new Date(now).getTimezoneOffset() * 60_000)).toISOString().slice(0, 10)
    const at = Date.parse(`${day ?? today}T${clock.length === 5 ? `${clock}:00` : clock}${zone ?? (utc ? 'Z' : '')}`)
    if (!Number.isNaN(at)) return at
  }
  if (/^\d+(\.\d+)?(ms|s|min|h|d)$/.test(text)) return now - durationIn(text)
  throw new Error(`"${text}" is no moment: write 2026-05-28, "2026-05-28 10:25", 10:25 or 2h`)
}

/** What is added to a moment so that its ISO text is the time of the clock that is shown. */
export function offsetOf (utc: boolean): (at: number) => number {
  return utc ? () => 0 : at => -new Date(at).getTimezoneOffset() * 60_000
}
