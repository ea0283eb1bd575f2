// What happens now, and what happened over the last hours? Plain data, which JSON keeps; times are ms since the epoch, durations ms.

/** One second, or one minute, of the charts. Times of requests are null where there was none. */
export interface Point {
  /** Its beginning. */
  readonly at: number
  /** Those that ended in it; per second. */
  readonly requests: number
  readonly handshakes: number
  /** WebSockets that closed; per second. */
  readonly closed: number
  /** Bytes per second, from and to clients, those of open WebSockets included. */
  readonly received: number
  readonly sent: number
  /** Open WebSockets at its end. */
  readonly open: number
  readonly p50: number | null
  readonly p95: number | null
  readonly p99: number | null
  /** Answers 400-499, and 500-599; per second. */
  readonly clientErrors: number
  readonly serverErrors: number
}

/** A list for each value of a point, the oldest first: as uPlot takes them. */
export type Columns = { readonly [Name in keyof Point]: ReadonlyArray<Point[Name]> }

/** The charts: 5 minutes by the second, 24 hours by the minute. */
export interface HistoryView {
  readonly seconds: Columns
  readonly minutes: Columns
}

/** What happens now, each second. */
export interface NowView {
  /** The last whole second. */
  readonly point: Point
  /** Exchanges that are not over, open WebSockets included. */
  readonly inFlight: number
  /** Of the last 5 minutes, the most frequent first, at most 20: statuses from 400 on, and codes of errors. */
  readonly errors: ReadonlyArray<{ readonly name: string, readonly count: number }>
  /** How WebSockets ended in the last 5 minutes: Close codes, `none` for an end without one. */
  readonly closes: ReadonlyArray<{ readonly name: string, readonly count: number }>
}
