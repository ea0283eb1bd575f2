// How do the views of all workers stay new? One question a second for all that is followed here, and none where nothing is.
import type { WorkersFact } from '@fastify-arr/facts'
import type { StreamViews } from '../messages/index.ts'
import { KnownWorkers } from './known-workers.ts'
import type { Leases } from './leases.ts'
import type { Merge, WorkerParts } from './merging/merge.ts'
import { QUESTION, type Answered, type LookAsked, type LooksAnswer, type Question, type Self } from './messages.ts'

/** ms after the beginning of a second: all have closed the one before. */
const LATE = 60

/** What is followed. */
interface Look {
  readonly id: number
  readonly name: keyof StreamViews
  readonly question: object
  /** By process id, the number of the last part that has come. */
  readonly seen: Map<number, number>
  readonly merge: Merge
}

export class Rounds {
  readonly known = new KnownWorkers()
  readonly #workers: WorkersFact
  readonly #leases: Leases
  readonly #self: () => Self
  readonly #over: () => void
  readonly #failed: (error: unknown) => void
  readonly #looks = new Map<number, Look>()
  #timer: NodeJS.Timeout | null = null
  #next = 1
  #isOver = false

  /** `over` is called after each round; `failed` is told why something could not be read or added up. */
  constructor (workers: WorkersFact, leases: Leases, self: () => Self, over: () => void, failed: (error: unknown) => void) {
    this.#workers = workers
    this.#leases = leases
    this.#self = self
    this.#over = over
    this.#failed = failed
  }

  /** Follows a view; resolves with its first answers. */
  async follow (name: keyof StreamViews, question: object, merge: Merge): Promise<() => void> {
    const look: Look = { id: this.#next++, name, question, seen: new Map(), merge }
    await this.#ask([look])
    if (!this.#isOver) {
      this.#looks.set(look.id, look)
      this.#plan()
    }
    return () => {
      this.#looks.delete(look.id)
      this.#leases.end(process.pid, look.id)
    }
  }

  end (): void {
    this.#isOver = true
    this.#looks.clear()
    if (this.#timer !== null) clearTimeout(this.#timer)
  }

  #plan (): void {
    if (this.#timer !== null || this.#looks.size === 0 || this.#isOver) return
    this.#timer = setTimeout(() => {
      this.#ask([...this.#looks.values()]).then(this.#over).catch(this.#failed).finally(() => {
        this.#timer = null
        this.#plan()
      })
    }, 1000 - (Date.now() - LATE) % 1000).unref()
  }

  async #ask (looks: readonly Look[]): Promise<void> {
    const asked: LookAsked[] = looks.map(({ id, name, question, seen }) => ({ id, name, question, seen: Object.fromEntries(seen) }))
    const { generation, number } = this.#workers
    const own: Answered<LooksAnswer> = { generation, number, pid: process.pid, value: { self: this.#self(), parts: this.#leases.answer(process.pid, asked) } }
    const { answers, complete } = await askOthers<LooksAnswer>(this.#workers, { asker: process.pid, kind: 'looks', looks: asked })
    const all = [own, ...answers.filter(({ value }) => typeof value?.self === 'object' && typeof value.parts === 'object')]
    this.known.note(all.map(({ value, ...worker }) => ({ ...worker, value: value.self })), complete)
    for (const look of looks) {
      try {
        look.merge.take(all.map(({ value, ...worker }) => partsOf(look, worker, value.parts[look.id] ?? [])), complete)
      } catch (error) {
        this.#failed(error)
      }
    }
  }
}

/** Asks all but this one. Never rejects. */
export async function askOthers<Value> (workers: WorkersFact, question: Question): Promise<{ readonly answers: ReadonlyArray<Answered<Value>>, readonly complete: boolean }> {
  try {
    const { answers, complete } = await workers.ask<Value | null>(QUESTION, question)
    return { answers: answers.filter((answer): answer is Answered<Value> => answer.value !== null && answer.value !== undefined && answer.pid !== process.pid), complete }
  } catch {
    // Too many questions are open: as if nobody had answered.
    return { answers: [], complete: false }
  }
}

function partsOf ({ seen }: Look, { pid, generation, number }: Omit<Answered<unknown>, 'value'>, numbered: LooksAnswer['parts'][string]): WorkerParts {
  const before = seen.get(pid) ?? 0
  const come = numbered.filter(([at]) => at > before)
  const last = come.at(-1)
  if (last !== undefined) seen.set(pid, last[0])
  return { generation, number, pid, parts: come.map(([, part]) => part) }
}
