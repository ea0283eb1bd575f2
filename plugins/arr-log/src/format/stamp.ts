// Which date and time does a line have? Always UTC, even where files are named by local time.

export interface Stamp {
  /** `YYYY-MM-DD` */
  readonly date: string
  /** `HH:MM:SS` */
  readonly time: string
  readonly both: string
}

let second = NaN
let stamp: Stamp = { date: '', time: '', both: '' }

/** The stamp of a moment (ms since the epoch). Lines are written in time order, so the latest second is cached. */
export function stampOf (at: number): Stamp {
  const at1000 = Math.floor(at / 1000)
  if (at1000 !== second) {
    const iso = new Date(at).toISOString()
    const date = iso.slice(0, 10)
    const time = iso.slice(11, 19)
    stamp = { date, time, both: `${date} ${time}` }
    second = at1000
  }
  return stamp
}
