// Which lines do the bytes of a log hold? W3C files, those of IIS and HTTP.sys included, JSON lines and NCSA, by what each line begins with.
import { aliveIn } from '../../format/writing-process.ts'
import { isLine, type Line } from '../columns.ts'
import { Layout } from './layout.ts'
import { LineRow } from './line-row.ts'
import { readNcsa } from './ncsa.ts'
import type { Row } from './row.ts'
import { StampReader } from './stamp-reader.ts'
import { W3cRow } from './w3c-row.ts'

const LF = 0x0a
const CR = 0x0d
const HASH = 0x23
const BRACE = 0x7b
/** A line of this length or more, in bytes, is not held to be read. */
const LONGEST = 4_194_304
const NO_BYTES: Buffer = Buffer.alloc(0)

/** Lines that could not be read, and which the first and the last of them were; 1 is the file's first line. */
export interface Unread {
  readonly count: number
  readonly first: number
  readonly last: number
}

/** Reads the lines of one file, chunk by chunk. `#Fields` may change at any line: IIS writes it each time it opens a file. */
export class Rows {
  readonly #each: (row: Row) => void
  readonly #folder: string | null
  readonly #alive: (id: string, at: number) => void
  readonly #stamps = new StampReader()
  readonly #w3c: W3cRow
  #hasFields = false
  /** The beginning of a line whose end has not come yet. */
  #rest = NO_BYTES
  /** True while the bytes of a line that is too long are dropped. */
  #dropping = false
  #line = 0
  #unread = 0
  #first = 0
  #last = 0

  /** `folder` names the site of lines that do not name it. `alive` is told of a process that has written a sign of life. */
  constructor (each: (row: Row) => void, folder: string | null = null, alive: (id: string, at: number) => void = () => {}) {
    this.#each = each
    this.#alive = alive
    this.#folder = folder
    this.#w3c = new W3cRow(new Layout(''), this.#stamps, folder)
  }

  get unread (): Unread {
    return { count: this.#unread, first: this.#first, last: this.#last }
  }

  /** Passes on the lines that end in these bytes. */
  feed (chunk: Buffer): void {
    const end = chunk.lastIndexOf(LF) + 1
    if (end === 0) {
      this.#hold(chunk)
      return
    }
    let from = 0
    if (this.#rest.length > 0 || this.#dropping) {
      from = chunk.indexOf(LF) + 1
      if (this.#dropping) this.#cannotRead(++this.#line)
      else this.#lines(Buffer.concat([this.#rest, chunk.subarray(0, from)]), 0)
      this.#rest = NO_BYTES
      this.#dropping = false
    }
    this.#lines(chunk.subarray(0, end), from)
    if (end < chunk.length) this.#hold(chunk.subarray(end))
  }

  /** Passes on the last line, which has no line end. */
  end (): void {
    if (this.#dropping) this.#cannotRead(++this.#line)
    else if (this.#rest.length > 0) this.#lines(Buffer.concat([this.#rest, Buffer.of(LF)]), 0)
    this.#rest = NO_BYTES
    this.#dropping = false
  }

  #hold (bytes: Buffer): void {
    if (this.#dropping) return
    this.#dropping = this.#rest.length + bytes.length >= LONGEST
    // A copy: the chunk's buffer may be used again.
    this.#rest = this.#dropping ? NO_BYTES : Buffer.concat([this.#rest, bytes])
  }

  /** `bytes` ends with a line end. */
  #lines (bytes: Buffer, from: number): void {
    let at = from
    while (at < bytes.length) {
      const end = bytes.indexOf(LF, at)
      this.#take(bytes, at, trimmed(bytes, at, end))
      at = end + 1
    }
  }

  #take (bytes: Buffer, from: number, to: number): void {
    this.#line++
    if (from === to) return
    const first = bytes[from]
    if (first === HASH) this.#directive(bytes.toString('utf8', from, to))
    else if (first === BRACE) this.#whole(readJson(bytes.toString('utf8', from, to)))
    else if (this.#hasFields) {
      if (this.#w3c.read(bytes, from, to)) this.#each(this.#w3c)
      else this.#cannotRead(this.#line)
    } else {
      this.#whole(readNcsa(bytes.toString('utf8', from, to)) ?? undefined)
    }
  }

  #directive (text: string): void {
    if (text.startsWith('#Date:')) this.#stamps.directive(text)
    if (text.startsWith('#Remark:')) this.#remark(text)
    if (!text.startsWith('#Fields:')) return
    this.#w3c.lay(new Layout(text.slice(8)))
    this.#hasFields = true
  }

  #remark (text: string): void {
    const alive = aliveIn(text)
    if (alive !== null) this.#alive(alive.id, alive.at)
  }

  /** Null for a line that holds no exchange, undefined for one that cannot be read. */
  #whole (line: Line | null | undefined): void {
    if (line === undefined) this.#cannotRead(this.#line)
    else if (line !== null) this.#each(new LineRow(line, this.#folder))
  }

  #cannotRead (line: number): void {
    if (this.#unread++ === 0) this.#first = line
    this.#last = line
  }
}

/** The end of a line without a carriage return and spaces. */
function trimmed (bytes: Buffer, from: number, end: number): number {
  let to = end
  while (to > from && (bytes[to - 1] === CR || bytes[to - 1] === 0x20 || bytes[to - 1] === 0x09)) to--
  return to
}

function readJson (text: string): Line | null | undefined {
  try {
    const entry = JSON.parse(text)
    if (typeof entry.exchange?.status === 'number') return isLine(entry.exchange) ? entry.exchange : undefined
    if (typeof entry.status !== 'number' || typeof entry.timeTaken !== 'number') return null
    const { time, ...exchange } = entry
    const told = { endedAt: Date.parse(time), ...exchange }
    return isLine(told) ? told : undefined
  } catch {
    return undefined
  }
}
