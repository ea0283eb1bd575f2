// What does a line of a W3C file hold? Its values are found as positions in the bytes that were read; texts are made of those that are asked for.
import { lineOf, type Line } from '../columns.ts'
import { ID } from './column-ids.ts'
import { KnownTexts } from './known-texts.ts'
import type { Layout } from './layout.ts'
import type { Row } from './row.ts'
import type { StampReader } from './stamp-reader.ts'

const MOST_COLUMNS = 1024
const DASH = 0x2d
const QUOTE = 0x22

/** A line of a W3C file; one object serves for all lines of a file. */
export class W3cRow implements Row {
  readonly folder: string | null
  at = NaN
  status = 0
  #bytes: Buffer = Buffer.alloc(0)
  #layout: Layout
  #count = 0
  readonly #stamps: StampReader
  readonly #texts = new KnownTexts()
  readonly #starts = new Int32Array(MOST_COLUMNS)
  readonly #ends = new Int32Array(MOST_COLUMNS)

  constructor (layout: Layout, stamps: StampReader, folder: string | null) {
    this.folder = folder
    this.#layout = layout
    this.#stamps = stamps
  }

  /** The columns of the lines that follow. */
  lay (layout: Layout): void {
    this.#layout = layout
  }

  /** Reads the line between two positions. False where the number of values differs, or status or time is not what it should be. */
  read (bytes: Buffer, from: number, to: number): boolean {
    this.#bytes = bytes
    const expected = this.#layout.names.length
    if (expected === 0 || expected > MOST_COLUMNS) return false
    this.#count = this.#split(bytes, from, to)
    if (this.#count !== expected) this.#count = this.#gathered(bytes, from, to)
    return this.#count === expected && this.#isSound()
  }

  /** Values between single separators. */
  #split (bytes: Buffer, from: number, to: number): number {
    const { separator } = this.#layout
    const starts = this.#starts
    const ends = this.#ends
    let count = 0
    starts[0] = from
    for (let i = from; i < to; i++) {
      if (bytes[i] !== separator) continue
      ends[count++] = i
      if (count === MOST_COLUMNS) return count
      starts[count] = i + 1
    }
    ends[count++] = to
    return count
  }

  /** Values between runs of separators, and values in quotes, which may hold separators (IIS Advanced Logging). */
  #gathered (bytes: Buffer, from: number, to: number): number {
    let count = 0
    let i = from
    while (i < to) {
      if (isSeparator(bytes[i] as number)) {
        i++
        continue
      }
      if (count === MOST_COLUMNS) return count
      const closing = bytes[i] === QUOTE ? closingQuote(bytes, i + 1, to) : -1
      if (closing !== -1) {
        this.#starts[count] = i + 1
        this.#ends[count++] = closing
        i = closing + 1
        continue
      }
      this.#starts[count] = i
      while (i < to && !isSeparator(bytes[i] as number)) i++
      this.#ends[count++] = i
    }
    return count
  }

  #isSound (): boolean {
    const time = this.#layout.at(ID.time)
    const date = this.#layout.at(ID.date)
    if (time === -1) return false
    const ofDay = this.#stamps.time(this.#bytes, this.#starts[time] as number, this.#ends[time] as number)
    const day = date === -1 ? this.#stamps.givenDay(ofDay) : this.#stamps.day(this.#bytes, this.#starts[date] as number, this.#ends[date] as number)
    this.at = day + ofDay
    const status = this.number(ID.status)
    this.status = status > 0 ? status : 0
    // HTTP.sys writes `-` for a connection that got no answer; Advanced Logging may have no such column.
    return !Number.isNaN(this.at) && (Number.isInteger(status) || this.text(ID.status) === null)
  }

  get isOpening (): boolean {
    return this.#layout.at(ID.event) !== -1 && this.text(ID.event) === 'open'
  }

  has (id: number): boolean {
    return this.#layout.at(id) !== -1
  }

  text (id: number): string | null {
    const position = this.#layout.at(id)
    return position === -1 ? null : this.#textAt(position)
  }

  #textAt (position: number): string | null {
    const start = this.#starts[position] as number
    const end = this.#ends[position] as number
    if (end === start || (end - start === 1 && this.#bytes[start] === DASH)) return null
    return this.#texts.of(this.#bytes, start, end)
  }

  number (id: number): number {
    const position = this.#layout.at(id)
    if (position === -1) return NaN
    const start = this.#starts[position] as number
    const end = this.#ends[position] as number
    if (end === start) return NaN
    // Nearly all are a few digits.
    if (end - start < 16) {
      let value = 0
      let i = start
      for (; i < end; i++) {
        const digit = (this.#bytes[i] as number) - 0x30
        if (digit < 0 || digit > 9) break
        value = value * 10 + digit
      }
      if (i === end) return value
    }
    const text = this.#textAt(position)
    const value = text === null ? NaN : Number(text)
    return Number.isFinite(value) ? value : NaN
  }

  whole (): Line {
    const { names } = this.#layout
    return lineOf(names, names.map((_, position) => this.#textAt(position)), this.at, this.status)
  }
}

function isSeparator (byte: number): boolean {
  return byte === 0x20 || byte === 0x09
}

/** The quote that ends a value: behind it are a separator or the line's end. -1 where there is none. */
function closingQuote (bytes: Buffer, from: number, to: number): number {
  for (let i = from; i < to; i++) {
    if (bytes[i] === QUOTE && (i + 1 === to || isSeparator(bytes[i + 1] as number))) return i
  }
  return -1
}
