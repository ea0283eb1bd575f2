// How does a worker ask all workers? The supervisor passes the question on, and the answers back; it looks at neither.
import type { Counts, FromWorker } from '../../exchange/messages.ts'
import { KeptCounts } from './counts.ts'
import type { WorkerProcess } from '../worker-process.ts'

interface Question {
  readonly asker: WorkerProcess
  readonly id: number
  readonly name: string
  readonly waiting: WorkerProcess[]
}

// A question that is not answered by then is forgotten, with its later answers, ms. Its asker has given up before.
const MEMORY = 60_000
const MOST_QUESTIONS = 1024

export class Questions {
  readonly #open = new Map<number, Question>()
  readonly #counts = new KeptCounts()
  readonly #workers: () => readonly WorkerProcess[]
  #next = 0

  constructor (workers: () => readonly WorkerProcess[]) {
    this.#workers = workers
  }

  ask (asker: WorkerProcess, { id, name, question }: FromWorker & { readonly arrWorkers: 'ask' }): void {
    const number = this.#next++
    const waiting = this.#open.size >= MOST_QUESTIONS ? [] : this.#workers().filter(worker => worker.state !== 'starting' && worker.state !== 'gone' && !this.#counts.isFinal(worker, name))
    const asked: Question = { asker, id, name, waiting: [...waiting] }
    const counts = this.#counts.past(name)
    if (Object.keys(counts).length > 0) asker.send({ arrWorkers: 'ended', id, counts })
    if (waiting.length > 0) {
      this.#open.set(number, asked)
      setTimeout(() => { this.#open.delete(number) }, MEMORY).unref()
    } else asker.send({ arrWorkers: 'answered', id, left: 0, worker: null, none: true })
    for (const worker of waiting) {
      if (!worker.send({ arrWorkers: 'question', id: number, name, question })) this.#answered(number, worker, { none: true })
    }
  }

  answer (worker: WorkerProcess, { id, value, none, counts }: FromWorker & { readonly arrWorkers: 'answer' }): void {
    const name = this.#open.get(id)?.name
    if (name !== undefined && counts !== undefined) this.#counts.said(worker, name, counts, false)
    this.#answered(id, worker, { ...none === true ? { none } : { value }, ...counts !== undefined && { counts } })
  }

  /** A worker has counted its last, and answers this question no more. */
  counted (worker: WorkerProcess, { name, counts }: FromWorker & { readonly arrWorkers: 'counted' }): void {
    this.#counts.said(worker, name, counts, true)
    for (const [number, question] of this.#open) if (question.name === name && question.waiting.includes(worker)) this.#answered(number, worker, { none: true, counts })
  }

  /** Nobody waits for the answers of a worker that has ended. */
  gone (worker: WorkerProcess): void {
    for (const [number, { name, waiting }] of this.#open) {
      if (!waiting.includes(worker)) continue
      const counts = this.#counts.of(worker, name)
      this.#answered(number, worker, { none: true, ...counts !== undefined && { counts } })
    }
    this.#counts.gone(worker)
  }

  #answered (number: number, worker: WorkerProcess, answer: { readonly value?: unknown, readonly none?: boolean, readonly counts?: Counts }): void {
    const asked = this.#open.get(number)
    const at = asked?.waiting.indexOf(worker) ?? -1
    if (asked === undefined || at === -1) return
    asked.waiting.splice(at, 1)
    if (asked.waiting.length === 0) this.#open.delete(number)
    const { generation, number: its, pid } = worker
    asked.asker.send({ arrWorkers: 'answered', id: asked.id, left: asked.waiting.length, worker: { generation, number: its, pid }, ...answer })
  }
}
