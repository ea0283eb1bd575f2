// In which order are the lines of several files shown? By time, whichever file they are in.
import { createReadStream } from 'node:fs'
import type { Line } from '../columns.ts'
import type { Row } from '../rows/row.ts'
import { Rows, type Unread } from '../rows/rows.ts'
import { decoded } from './decoded.ts'
import { siteFolder } from './files.ts'

const AT_A_TIME = 65_536

/** One file, read as far as its lines are wanted. */
class LinesOf {
  readonly path: string
  readonly #rows: Rows
  readonly #chunks: AsyncGenerator<Buffer>
  readonly #lines: Line[] = []
  #next = 0
  #isOver = false
  /** When its first line was written, whether or not that line is wanted; Infinity where it has none. */
  begins = Infinity

  constructor (path: string, wanted: (row: Row) => boolean) {
    this.path = path
    this.#chunks = decoded(createReadStream(path, { highWaterMark: AT_A_TIME }))
    this.#rows = new Rows(row => {
      if (row.at < this.begins) this.begins = row.at
      if (wanted(row)) this.#lines.push(row.whole())
    }, siteFolder(path))
  }

  get unread (): Unread {
    return this.#rows.unread
  }

  /** The next line, which stays the next one until `taken`; null at the end. */
  async peek (): Promise<Line | null> {
    while (this.#next === this.#lines.length && !this.#isOver) {
      this.#lines.length = this.#next = 0
      await this.#read()
    }
    return this.#lines[this.#next] ?? null
  }

  taken (): void {
    this.#next++
  }

  /** Reads until the first line is known, and closes the file: there may be thousands of files. */
  async begin (): Promise<void> {
    while (this.begins === Infinity && !this.#isOver) await this.#read()
    await this.#chunks.return(undefined)
  }

  async #read (): Promise<void> {
    const { value, done } = await this.#chunks.next()
    this.#isOver = done === true
    if (value === undefined) this.#rows.end()
    else this.#rows.feed(value)
  }
}

/** The lines of all files, ordered by their time as far as each file is. A file is open from its first line to its last one only. */
export async function * merged (paths: readonly string[], wanted: (row: Row) => boolean, closed: (path: string, unread: Unread) => void): AsyncGenerator<Line> {
  const waiting: Array<{ path: string, begins: number }> = []
  for (const path of paths) {
    const file = new LinesOf(path, () => false)
    await file.begin()
    waiting.push({ path, begins: file.begins })
  }
  // A sort that keeps the order of equals: files without a line are opened last, and counted.
  waiting.sort((a, b) => a.begins === b.begins ? 0 : a.begins - b.begins)
  const open: Array<{ file: LinesOf, line: Line }> = []
  while (waiting.length > 0 || open.length > 0) {
    let first = earliest(open)
    while (waiting[0] !== undefined && (first === undefined || waiting[0].begins <= first.line.endedAt)) {
      await advance({ file: new LinesOf((waiting.shift() as { path: string }).path, wanted) })
      first = earliest(open)
    }
    if (first === undefined) continue
    yield first.line
    first.file.taken()
    open.splice(open.indexOf(first), 1)
    await advance(first)
  }

  async function advance ({ file }: { file: LinesOf }): Promise<void> {
    const line = await file.peek()
    if (line === null) closed(file.path, file.unread)
    else open.push({ file, line })
  }
}

function earliest<T extends { readonly line: Line }> (open: readonly T[]): T | undefined {
  let first: T | undefined
  for (const one of open) if (first === undefined || one.line.endedAt < first.line.endedAt) first = one
  return first
}
