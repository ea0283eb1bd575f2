// Which lines are waiting to be written together?
import { Buffer } from 'node:buffer'

export const LINE_END = '\r\n'
export const NEWLINE = 0x0a

/** Lines that belong to one file, in the order they came. */
export interface Batch {
  /** The file's name, as `Place.nameOf` gave it. */
  readonly name: string
  /** When the first line was made, ms since the epoch. */
  readonly at: number
  readonly lines: string[]
  /** About as many bytes as the lines have. */
  size: number
  /** What an attempt to write did not get onto the disk, once there was one. */
  rest: Buffer | null
  /** Whether `rest` begins inside a line whose beginning is on the disk. */
  torn: boolean
  /** Whether the system has been given its bytes, or is being given them. */
  handed: boolean
  /** Lines that were given up, since their beginning was gone. */
  dropped: number
}

export function createBatch (name: string, at: number): Batch {
  return { name, at, lines: [], size: 0, rest: null, torn: false, handed: false, dropped: 0 }
}

/** The bytes still to be written. */
export function bytesOf (batch: Batch): Buffer {
  return batch.rest ?? Buffer.from(batch.lines.join(LINE_END) + LINE_END)
}

/** Lets go of the rest of a line whose beginning went to a file that is gone. */
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
  // There may be a head before them, which is none of theirs.
  return Math.min(batch.lines.length - batch.dropped, batch.rest.reduce((lines, byte) => byte === NEWLINE ? lines + 1 : lines, 0))
}
