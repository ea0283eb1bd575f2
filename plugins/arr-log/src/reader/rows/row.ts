// What can be asked of a line, whatever the format of its file?
import type { Line } from '../columns.ts'

/** One line. It is valid until the next one is read: what is to be kept is taken out of it. */
export interface Row {
  /** When the exchange ended, ms since the epoch. */
  readonly at: number
  /** sc-status; 0 where it is missing. */
  readonly status: number
  /** The folder of its site, `W3SVC1`; null where the file is in another one. */
  readonly folder: string | null
  /** True for the line of a WebSocket's opening: its end has a line of its own. */
  readonly isOpening: boolean
  /** Whether the file has a column, by its number, with a value in this line or without. */
  has (id: number): boolean
  /** A column's value by its number (`column-ids.ts`); null where it is missing, or `-`. */
  text (id: number): string | null
  /** A column's value as a number; NaN where it is missing, or none. */
  number (id: number): number
  /** All of it. */
  whole (): Line
}
