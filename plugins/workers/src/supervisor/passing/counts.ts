// What have workers counted that have ended? Sums by names: nobody sees them fall when a worker ends.
import type { Counts } from '../../exchange/messages.ts'
import type { WorkerProcess } from '../worker-process.ts'

// Of a question. What is named later is not kept.
const MOST_NAMES = 50_000

interface Known {
  readonly counts: Counts
  /** The worker counts no more, and is not asked. */
  readonly isFinal: boolean
}

export class KeptCounts {
  /** What workers that live said last, by questions. */
  readonly #known = new Map<WorkerProcess, Map<string, Known>>()
  readonly #ended = new Map<string, Map<string, number>>()

  said (worker: WorkerProcess, question: string, counts: Counts, isFinal: boolean): void {
    let known = this.#known.get(worker)
    if (known === undefined) this.#known.set(worker, known = new Map())
    if (known.get(question)?.isFinal !== true) known.set(question, { counts, isFinal })
  }

  isFinal (worker: WorkerProcess, question: string): boolean {
    return this.#known.get(worker)?.get(question)?.isFinal === true
  }

  /** What a worker said last. */
  of (worker: WorkerProcess, question: string): Counts | undefined {
    return this.#known.get(worker)?.get(question)?.counts
  }

  /** Those that have ended, and those that have said their last. */
  past (question: string): Counts {
    const sums = new Map(this.#ended.get(question))
    for (const known of this.#known.values()) {
      const one = known.get(question)
      if (one?.isFinal === true) add(sums, one.counts)
    }
    return Object.fromEntries(sums)
  }

  /** One has ended; of one that was killed, what it said last is kept. */
  gone (worker: WorkerProcess): void {
    for (const [question, { counts }] of this.#known.get(worker) ?? []) {
      let sums = this.#ended.get(question)
      if (sums === undefined) this.#ended.set(question, sums = new Map())
      add(sums, counts)
    }
    this.#known.delete(worker)
  }
}

/** A worker may be of another version: what is no count is left out. */
function add (sums: Map<string, number>, counts: Counts | null | undefined): void {
  for (const [name, count] of Object.entries(counts ?? {})) {
    if (!Number.isFinite(count)) continue
    const before = sums.get(name)
    if (before !== undefined || sums.size < MOST_NAMES) sums.set(name, (before ?? 0) + count)
  }
}
