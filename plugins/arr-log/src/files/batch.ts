// Which lines are written together?
import { Buffer } from 'node:buffer'

export const LINE_END = '\r\n'
export const NEWLINE = 0x0a

/** Lines of one file, in the order in which they were written. */
export interface Batch {
  /** The file's name, from `Place.nameOf`. */
  readonly name: string
  /** When the first line was made, ms since the epoch. */
  readonly at: number
  readonly lines: string[]
  /** The approximate size of the lines, bytes. */
  size: number
  /** What a failed attempt has left to write; null before any attempt failed. */
  rest: Buffer | null
  /** Whether `rest` begins inside a line whose beginning was written. */
  torn: boolean
  /** Whether its bytes were passed to the operating system, or are being passed. */
  handed: boolean
  /** Lines dropped because their beginning was lost. */
  dropped: number
}

export function createBatch (name: string, at: number): Batch {
  return { name, at, lines: [], size: 0, rest: null, torn: false, handed: false, dropped: 0 }
}

/** The bytes still to be written. */
export function bytesOf (batch: Batch): Buffer {
  return batch.rest ?? Buffer.from(batch.lines.join(LINE_END) + LINE_END)
}

/** Drops the rest of a line whose beginning is in a file that is gone. */
export function dropTornLine (batch: Batch): void {
  const rest = bytesOf(batch)
  const end = rest.indexOf(NEWLINE)
  batch.rest = rest.subarray(end === -1 ? rest.length : end + 1)
  batch.torn = false
  batch.dropped++
}

/** How many lines are still to be written. */
export function linesIn (batch: Batch): number {
  if (batch.rest === null) return batch.lines.length
  // `rest` may begin with a head, whose lines do not count.
  return Math.min(batch.lines.length - batch.dropped, batch.rest.reduce((lines, byte) => byte === NEWLINE ? lines + 1 : lines, 0))
}
