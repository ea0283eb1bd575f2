// Which traces were written? Plain data, which JSON keeps; times are ms since the epoch, durations ms.
import type { RowWorker } from './workers.ts'
import type { TraceFinding } from '@fastify-arr/facts'

export interface TraceRow {
  readonly id: string
  /** Where there are several. */
  readonly worker?: RowWorker
  /** What `traces/KEY.html` takes: `W3SVC1/fr000001`. */
  readonly key: string
  readonly site: string
  readonly verb: string
  /** Without its query. */
  readonly url: string
  readonly status: number | null
  readonly subStatus: number
  readonly reason: string
  readonly client: string
  readonly at: number
  readonly time: number
  readonly findings: readonly TraceFinding[]
}

export interface TracesView {
  readonly rows: readonly TraceRow[]
  readonly written: number
  readonly lost: number
}
