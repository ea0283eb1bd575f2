// When was a line written? `2022-09-30` and `20:53:35` as bytes, read without making a text of them.

const DAY = 86_400_000

/** Reads dates and times. It keeps the last date: thousands of lines have the same. */
export class StampReader {
  #day = NaN
  #known = ''
  #digits = 0
  /** The date of `#Date`, for files without a column for it. */
  #given = NaN
  #before = -1

  /** `#Date: 2022-09-30 20:53:35`. */
  directive (text: string): void {
    const [, date = ''] = /(\d{4}-\d\d-\d\d)/.exec(text) ?? []
    this.#given = Date.parse(`${date}T00:00:00Z`)
    this.#before = -1
  }

  /** The day that begins at a position, ms since the epoch; NaN where it is none. */
  day (bytes: Buffer, at: number, end: number): number {
    if (end - at !== 10 || bytes[at + 4] !== 0x2d || bytes[at + 7] !== 0x2d) return NaN
    let digits = 0
    for (let i = at; i < end; i++) {
      if (i === at + 4 || i === at + 7) continue
      const digit = (bytes[i] as number) - 0x30
      if (digit < 0 || digit > 9) return NaN
      digits = digits * 10 + digit
    }
    if (digits !== this.#digits) {
      this.#known = bytes.toString('latin1', at, end)
      this.#day = Date.parse(`${this.#known}T00:00:00Z`)
      this.#digits = digits
    }
    return this.#day
  }

  /** The time of day, ms; NaN where it is none. Fractions of a second are read as far as they are there. */
  time (bytes: Buffer, at: number, end: number): number {
    if (end - at < 8 || bytes[at + 2] !== 0x3a || bytes[at + 5] !== 0x3a) return NaN
    const hours = two(bytes, at)
    const minutes = two(bytes, at + 3)
    const seconds = two(bytes, at + 6)
    if (!(hours < 24 && minutes < 60 && seconds < 61)) return NaN
    const whole = (hours * 3600 + minutes * 60 + seconds) * 1000
    if (end - at === 8) return whole
    const fraction = Number(`0${bytes.toString('latin1', at + 8, end)}`)
    return fraction >= 0 && fraction < 1 ? whole + Math.round(fraction * 1000) : NaN
  }

  /** The day of a line whose file has no column for it: that of `#Date`, and the next one once midnight has passed. */
  givenDay (time: number): number {
    if (this.#before - time > DAY / 2) this.#given += DAY
    this.#before = time
    return this.#given
  }
}

function two (bytes: Buffer, at: number): number {
  const tens = (bytes[at] as number) - 0x30
  const ones = (bytes[at + 1] as number) - 0x30
  return tens < 0 || tens > 9 || ones < 0 || ones > 9 ? NaN : tens * 10 + ones
}
