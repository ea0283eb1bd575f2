// Which processes serve together? Plain data, which JSON keeps; times are ms since the epoch.

/** Where there are several workers: the one that a row is from. */
export interface RowWorker {
  readonly number: number
  readonly pid: number
}

export interface WorkerRow extends RowWorker {
  readonly generation: number
  /** When its process was started; null where it has not answered. */
  readonly since: number | null
  /** WebSockets that are open in it, as it said last. */
  readonly open: number
  /** Whether it takes no more connections. */
  readonly leaving: boolean
  /** Whether it answered when it was last asked: where it did not, nothing of it is in the views. */
  readonly answers: boolean
}

/** All of them; none where one process serves alone. */
export interface WorkersView {
  readonly workers: readonly WorkerRow[]
}
