// How does a worker ask all workers? The supervisor passes the question on, and the answers back; it looks at neither.
import type { FromWorker } from '../exchange/messages.ts'
import type { WorkerProcess } from './worker-process.ts'

interface Question {
  readonly asker: WorkerProcess
  readonly id: number
  readonly waiting: WorkerProcess[]
}

// A question that is not answered by then is forgotten, with its later answers, ms. Its asker has given up before.
const MEMORY = 60_000
const MOST_QUESTIONS = 1024

export class Questions {
  readonly #open = new Map<number, Question>()
  readonly #workers: () => readonly WorkerProcess[]
  #next = 0

  constructor (workers: () => readonly WorkerProcess[]) {
    this.#workers = workers
  }

  ask (asker: WorkerProcess, { id, name, question }: FromWorker & { readonly arrWorkers: 'ask' }): void {
    const number = this.#next++
    const waiting = this.#open.size >= MOST_QUESTIONS ? [] : this.#workers().filter(worker => worker.state !== 'starting' && worker.state !== 'gone')
    const asked: Question = { asker, id, waiting: [...waiting] }
    if (waiting.length > 0) {
      this.#open.set(number, asked)
      setTimeout(() => { this.#open.delete(number) }, MEMORY).unref()
    } else asker.send({ arrWorkers: 'answered', id, left: 0, worker: null, none: true })
    for (const worker of waiting) {
      if (!worker.send({ arrWorkers: 'question', id: number, name, question })) this.#answered(number, worker, { none: true })
    }
  }

  answer (worker: WorkerProcess, { id, value, none }: FromWorker & { readonly arrWorkers: 'answer' }): void {
    this.#answered(id, worker, none === true ? { none } : { value })
  }

  /** Nobody waits for the answers of a worker that has ended. */
  gone (worker: WorkerProcess): void {
    for (const [number, { waiting }] of this.#open) if (waiting.includes(worker)) this.#answered(number, worker, { none: true })
  }

  #answered (number: number, worker: WorkerProcess, answer: { readonly value?: unknown, readonly none?: boolean }): void {
    const asked = this.#open.get(number)
    const at = asked?.waiting.indexOf(worker) ?? -1
    if (asked === undefined || at === -1) return
    asked.waiting.splice(at, 1)
    if (asked.waiting.length === 0) this.#open.delete(number)
    const { generation, number: its, pid } = worker
    asked.asker.send({ arrWorkers: 'answered', id: asked.id, left: asked.waiting.length, worker: { generation, number: its, pid }, ...answer })
  }
}
