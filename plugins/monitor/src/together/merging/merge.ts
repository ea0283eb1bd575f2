// How do the parts of several workers become one view?
import type { RowWorker } from '../../messages/index.ts'

/** What has come from one worker since the last round. */
export interface WorkerParts extends RowWorker {
  readonly generation: number
  readonly parts: readonly unknown[]
}

export interface Merge {
  /** After each round; this process's own parts are the first. `complete`: all have answered. */
  take (parts: readonly WorkerParts[], complete: boolean): void
  /** What is told then; of news, what has come since the last call. */
  read (): unknown
  /** False where no worker has such a thing. */
  readonly isThere?: boolean
}

/** The last part of each worker. */
export interface Latest<Part> {
  readonly worker: RowWorker
  readonly generation: number
  readonly part: Part
}

/** Of a state, the latest of each counts. */
export function merging<Part> (merge: (latest: ReadonlyArray<Latest<Part>>) => unknown): Merge {
  let latest: ReadonlyArray<Latest<Part>> = []
  let view: { readonly value: unknown } | null = null
  return {
    take (all) {
      latest = all.filter(({ parts }) => parts.length > 0).map(({ number, pid, generation, parts }) => ({ worker: { number, pid }, generation, part: parts.at(-1) as Part }))
      view = null
    },
    read () {
      view ??= { value: merge(latest) }
      return view.value
    }
  }
}
