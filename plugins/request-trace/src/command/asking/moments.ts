// Which times does the command line name: how long, and since when?
import { AskingError } from './arguments.ts'

const UNITS: Readonly<Record<string, number>> = { '': 1, ms: 1, s: 1_000, min: 60_000, h: 3_600_000, d: 86_400_000 }
const DURATION = /^(\d+(?:\.\d+)?)(ms|s|min|h|d|)$/

/** In ms: `500`, `500ms`, `2s`, `5min`, `1h`, `1d`. */
export function durationIn (text: string): number {
  const [, digits, unit = ''] = DURATION.exec(text) ?? []
  if (digits === undefined) throw new AskingError(`"${text}" is not a time: write 500, 2s, 5min, 1h or 1d`)
  return Number(digits) * (UNITS[unit] as number)
}

/** ms since the epoch: `2026-05-28`, `2026-05-28 10:25`, `10:25` (today), `2h` (ago); without a zone, on the clock that is shown. */
export function momentIn (text: string, utc: boolean, now: number): number {
  const [, day, time = '00:00', zone] = /^(\d{4}-\d\d-\d\d)?[T ]?(\d\d:\d\d(?::\d\d)?)?(Z|[+-]\d\d:\d\d)?$/.exec(text.trim()) ?? []
  if (day !== undefined || /^\d\d:/.test(text.trim())) {
    const today = new Date(now - (utc ? 0 : new Date(now).getTimezoneOffset() * 60_000)).toISOString().slice(0, 10)
    const at = Date.parse(`${day ?? today}T${time.length === 5 ? `${time}:00` : time}${zone ?? (utc ? 'Z' : '')}`)
    if (!Number.isNaN(at)) return at
  }
  if (/[a-z]$/.test(text) && DURATION.test(text)) return now - durationIn(text)
  throw new AskingError(`"${text}" is no moment: write 2026-05-28, "2026-05-28 10:25", 10:25 or 2h`)
}
