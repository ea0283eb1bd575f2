// What is wrong with many WebSockets at once? Plain data, which JSON keeps; times are ms since the epoch, durations ms.
import type { RowWorker } from './workers.ts'

/** A WebSocket that is over. */
export interface EndedWebSocket {
  readonly id: string
  /** Where there are several. */
  readonly worker?: RowWorker
  readonly at: number
  readonly life: number
  /** Before its end. */
  readonly silence: number
  readonly client: string
  readonly site: string | null
  readonly upstream: string
  readonly closedBy: string | null
  readonly closeCode: number | null
  readonly ending: string | null
  readonly limit: string | null
}

/** What is wrong with many WebSockets at once. */
export interface Finding {
  /** Stable, e.g. `CUT_AFTER_SAME_SILENCE`. */
  readonly code: string
  readonly severity: 'error' | 'warning' | 'information'
  /** What happened, in one sentence. */
  readonly sentence: string
  readonly remedy: string
  readonly count: number
  /** Of the first and of the last of them. */
  readonly first: number
  readonly last: number
  /** Some of them, the newest first, at most 20. */
  readonly examples: readonly EndedWebSocket[]
  /** What to filter the exchanges by to see them; null where a filter can't say it. */
  readonly filter: string | null
}

export interface FindingsView {
  readonly findings: readonly Finding[]
  /** How many ended WebSockets they were looked for in. */
  readonly looked: number
}
