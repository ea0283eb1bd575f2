// How does a plugin ask the same plugin in all workers? By a name: who has an answer for it has registered a function.
import type { Counts, FromWorker, ToWorker, WorkerName } from '../exchange/messages.ts'
import { UnaskableError } from '../errors.ts'

/** What one worker answers. */
export interface Answer<Value> extends WorkerName {
  readonly value: Value
}

/** What all answer. */
export interface Answers<Value> {
  readonly answers: ReadonlyArray<Answer<Value>>
  /** Whether every worker that was asked has answered in time, or has said that it has none. */
  readonly complete: boolean
  /** The sums of what all have counted under the name, those that have ended included. */
  readonly counts: Counts
}

/** What a function gives to who asks: plain data, which JSON keeps. */
export type Answering = (question: unknown) => unknown

/** What this worker has counted so far: numbers that only grow, by names. */
export type Counting = () => Counts | Promise<Counts>

interface Asked {
  readonly counts: Map<string, number>
  readonly answers: Array<Answer<unknown>>
  readonly over: (complete: boolean) => void
}

const MOST_QUESTIONS = 256

export class Questions {
  readonly #functions = new Map<string, Answering>()
  readonly #countings = new Map<string, Counting>()
  readonly #open = new Map<number, Asked>()
  readonly #self: WorkerName
  readonly #tell: ((message: FromWorker, told?: () => void) => boolean) | null
  #next = 0

  /** `tell` is null where this process is the only one. */
  constructor (self: WorkerName, tell: ((message: FromWorker, told?: () => void) => boolean) | null) {
    this.#self = self
    this.#tell = tell
  }

  answer (name: string, answering: Answering): void {
    if (this.#functions.has(name)) throw new UnaskableError(`${JSON.stringify(name)} is answered already`)
    this.#functions.set(name, answering)
  }

  /** Returns what is called when this worker counts no more: its counts are kept. */
  count (name: string, counting: Counting): () => Promise<void> {
    if (this.#countings.has(name)) throw new UnaskableError(`${JSON.stringify(name)} is counted already`)
    this.#countings.set(name, counting)
    return async () => {
      const counts = numbersIn(await counting())
      this.#countings.delete(name)
      this.#functions.delete(name)
      // Before it has left, the channel must not close.
      await new Promise<void>(resolve => { if (this.#tell?.({ arrWorkers: 'counted', name, counts }, resolve) !== true) resolve() })
    }
  }

  async ask (name: string, question: unknown, limit: number): Promise<Answers<unknown>> {
    if (this.#tell === null) {
      const { value, none, counts = {} } = await this.#valueFor(name, question)
      return { answers: none === true ? [] : [{ ...this.#self, value }], complete: true, counts }
    }
    if (this.#open.size >= MOST_QUESTIONS) throw new UnaskableError(`${MOST_QUESTIONS} questions have no answer yet`)
    const id = this.#next++
    const answers: Array<Answer<unknown>> = []
    const counts = new Map<string, number>()
    const complete = await new Promise<boolean>(resolve => {
      const timer = setTimeout(resolve, limit, false)
      const over = (complete: boolean): void => {
        clearTimeout(timer)
        resolve(complete)
      }
      this.#open.set(id, { answers, counts, over })
      if (this.#tell?.({ arrWorkers: 'ask', id, name, question }) !== true) over(false)
    })
    this.#open.delete(id)
    return { answers, complete, counts: Object.fromEntries(counts) }
  }

  /** Another worker asks, or this one. */
  async asked ({ id, name, question }: ToWorker & { readonly arrWorkers: 'question' }): Promise<void> {
    const answer = await this.#valueFor(name, question)
    this.#tell?.({ arrWorkers: 'answer', id, ...answer })
  }

  /** Others have counted before they have ended. */
  ended ({ id, counts }: ToWorker & { readonly arrWorkers: 'ended' }): void {
    add(this.#open.get(id)?.counts, counts)
  }

  answered ({ id, worker, left, value, none, counts = {} }: ToWorker & { readonly arrWorkers: 'answered' }): void {
    const asked = this.#open.get(id)
    if (asked === undefined) return
    add(asked.counts, counts)
    if (worker !== null && none !== true) asked.answers.push({ ...worker, value })
    // Without a worker the supervisor has refused the question.
    if (left === 0) asked.over(worker !== null)
  }

  /** One that throws has no answer. */
  async #valueFor (name: string, question: unknown): Promise<{ readonly value?: unknown, readonly none?: true, readonly counts?: Counts }> {
    try {
      const [answering, counting] = [this.#functions.get(name), this.#countings.get(name)]
      // Both in one turn: who has both looks at its numbers once.
      const [value, counts] = await Promise.all([answering?.(question), counting?.()])
      return { ...answering === undefined ? { none: true } : { value }, ...counting !== undefined && { counts: numbersIn(counts) } }
    } catch {
      return { none: true }
    }
  }
}

/** What a function of others has counted: whatever else is in it is left out. */
function numbersIn (counts: unknown): Counts {
  if (typeof counts !== 'object' || counts === null) return {}
  return Object.fromEntries(Object.entries(counts).filter((entry): entry is [string, number] => Number.isFinite(entry[1])))
}

function add (sums: Map<string, number> | undefined, counts: Counts | null): void {
  for (const [name, count] of Object.entries(counts ?? {})) sums?.set(name, (sums.get(name) ?? 0) + count)
}
