// What does a log format consist of?
import type { Exchange } from '../exchange/exchange.ts'

/** One log format: how a line is made, and what is written each time a file is opened. */
export interface Format {
  /** Without its line end. */
  readonly line: (exchange: Exchange) => string
  /** The header lines before the first entry written at `at` (ms since the epoch), or an empty string. */
  readonly head: (at: number) => string
}
