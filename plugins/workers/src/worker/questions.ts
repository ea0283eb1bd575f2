// How does a plugin ask the same plugin in all workers? By a name: who has an answer for it has registered a function.
import type { FromWorker, ToWorker, WorkerName } from '../exchange/messages.ts'
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
}

/** What a function gives to who asks: plain data, which JSON keeps. */
export type Answering = (question: unknown) => unknown

interface Asked {
  readonly answers: Array<Answer<unknown>>
  readonly over: (complete: boolean) => void
}

const MOST_QUESTIONS = 256

export class Questions {
  readonly #functions = new Map<string, Answering>()
  readonly #open = new Map<number, Asked>()
  readonly #self: WorkerName
  readonly #tell: ((message: FromWorker) => boolean) | null
  #next = 0

  /** `tell` is null where this process is the only one. */
  constructor (self: WorkerName, tell: ((message: FromWorker) => boolean) | null) {
    this.#self = self
    this.#tell = tell
  }

  answer (name: string, answering: Answering): void {
    if (this.#functions.has(name)) throw new UnaskableError(`${JSON.stringify(name)} is answered already`)
    this.#functions.set(name, answering)
  }

  async ask (name: string, question: unknown, limit: number): Promise<Answers<unknown>> {
    if (this.#tell === null) {
      const { value, none } = await this.#valueFor(name, question)
      return { answers: none === true ? [] : [{ ...this.#self, value }], complete: true }
    }
    if (this.#open.size >= MOST_QUESTIONS) throw new UnaskableError(`${MOST_QUESTIONS} questions have no answer yet`)
    const id = this.#next++
    const answers: Array<Answer<unknown>> = []
    const complete = await new Promise<boolean>(resolve => {
      const timer = setTimeout(resolve, limit, false)
      const over = (complete: boolean): void => {
        clearTimeout(timer)
        resolve(complete)
      }
      this.#open.set(id, { answers, over })
      if (this.#tell?.({ arrWorkers: 'ask', id, name, question }) !== true) over(false)
    })
    this.#open.delete(id)
    return { answers, complete }
  }

  /** Another worker asks, or this one. */
  async asked ({ id, name, question }: ToWorker & { readonly arrWorkers: 'question' }): Promise<void> {
    const answer = await this.#valueFor(name, question)
    this.#tell?.({ arrWorkers: 'answer', id, ...answer })
  }

  answered ({ id, worker, left, value, none }: ToWorker & { readonly arrWorkers: 'answered' }): void {
    const asked = this.#open.get(id)
    if (asked === undefined) return
    if (worker !== null && none !== true) asked.answers.push({ ...worker, value })
    // Without a worker the supervisor has refused the question.
    if (left === 0) asked.over(worker !== null)
  }

  /** One that throws has no answer. */
  async #valueFor (name: string, question: unknown): Promise<{ readonly value?: unknown, readonly none?: true }> {
    try {
      const answering = this.#functions.get(name)
      return answering === undefined ? { none: true } : { value: await answering(question) }
    } catch {
      return { none: true }
    }
  }
}
