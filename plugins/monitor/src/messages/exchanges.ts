// Which exchanges were there? Plain data, which JSON keeps; times are ms since the epoch, durations ms.
import type { RowWorker } from './workers.ts'
import type { TraceFinding, TunnelFact, UpstreamAttempt } from '@fastify-arr/facts'

/** One exchange that is over, or a WebSocket that has opened. */
export interface ExchangeRow {
  /** Counted up in its process; where there are several workers, behind its process id. */
  readonly id: string
  /** Where there are several. */
  readonly worker?: RowWorker
  /** When it was over, or open. */
  readonly at: number
  /** How long it took; of a WebSocket that has opened, its handshake; of one that is closed, its life counted in. */
  readonly time: number
  readonly method: string
  readonly host: string
  /** Without the query, in which secrets may be; `?…` at its end says that there was one. */
  readonly path: string
  /** What the client got; null where it got nothing. */
  readonly status: number | null
  readonly client: string
  readonly site: string | null
  readonly rule: string | null
  /** Why it was refused before anything could answer it. */
  readonly rejection: string | null
  /** The upstream's origin. */
  readonly upstream: string | null
  readonly farm: string | null
  /** The farm's server. */
  readonly server: string | null
  /** The code of the error. */
  readonly error: string | null
  /** `open`, `closed`, `refused`; null where none was asked for. */
  readonly webSocket: 'open' | 'closed' | 'refused' | null
  /** Its name in the list of WebSockets. */
  readonly tunnel: string | null
  /** The Close code of one that is closed. */
  readonly closeCode: number | null
  readonly userAgent: string
  /** Whether there is a page that tells all about it. */
  readonly story: boolean
}

/** Rows since the last message, and how many were left out because there were too many. */
export interface ExchangesView {
  readonly rows: readonly ExchangeRow[]
  readonly skipped: number
}

/** What is known of one exchange without a trace. */
export interface Story {
  readonly row: ExchangeRow
  readonly attempts: readonly UpstreamAttempt[]
  /** The URL that the rules made of it, without its query. */
  readonly rewritten: string | null
  readonly tunnel: Omit<TunnelFact, 'id'> | null
  readonly connectTime: number | null
  readonly firstByteTime: number | null
  readonly findings: readonly TraceFinding[]
  /** Whether `stories/ID.html` has all of it: headers as they came and left, rules, attempts, frames. */
  readonly page: boolean
}
