// Who is there? The workers that have answered, and those that have answered before and do not now.
import type { WorkerRow, WorkersView } from '../messages/index.ts'
import type { Answered, Self } from './messages.ts'

export class KnownWorkers {
  #rows: readonly WorkerRow[] = []

  get view (): WorkersView {
    return { workers: this.#rows }
  }

  /** How many do not answer. */
  get silent (): number {
    return this.#rows.filter(({ answers }) => !answers).length
  }

  /** `complete`: all that are there have answered; who has not is gone. */
  note (answers: ReadonlyArray<Answered<Self>>, complete: boolean): void {
    const here = new Set(answers.map(({ pid }) => pid))
    const silent = complete ? [] : this.#rows.filter(({ pid }) => !here.has(pid)).map(row => ({ ...row, answers: false }))
    this.#rows = [...answers.map(({ generation, number, pid, value: { since, open, leaving } }) => ({ number, pid, generation, since, open, leaving, answers: true })), ...silent]
      .sort((one, other) => one.generation - other.generation || one.number - other.number || one.pid - other.pid)
  }
}
