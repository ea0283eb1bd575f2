// Which date and time stand in a line? Always UTC, whatever the files' names go by.

export interface Stamp {
  /** `YYYY-MM-DD` */
  readonly date: string
  /** `HH:MM:SS` */
  readonly time: string
  readonly both: string
}

let second = NaN
let stamp: Stamp = { date: '', time: '', both: '' }

/** The stamp of a moment (ms since the epoch). Lines come in time's order, so one second is kept. */
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
