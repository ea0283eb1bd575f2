// Who of those that accept from the same sockets takes no connections for now? Whoever has more than its share, while others have time.
import { BEAT, type FromWorker } from '../../exchange/messages.ts'
import type { WorkerProcess } from '../worker-process.ts'

/** What a worker has said last. */
interface Load {
  readonly open: number
  readonly busy: number
  /** When, ms of `performance.now()`. */
  readonly at: number
}

// ms. Two beats: a worker that tells nothing for so long accepts nothing either.
const SILENT = 2.2 * BEAT
/** How many connections more than its share a worker may have: so many, or that part of it. */
const LEAD = 8
const LEAD_PART = 0.05
/** The part of its time from which a worker has none for more. */
const FULL = 0.9

export class Rests {
  readonly #serving: () => readonly WorkerProcess[]
  readonly #loads = new Map<WorkerProcess, Load>()
  readonly #resting = new Set<WorkerProcess>()
  /** While somebody tells: it matters who no longer does. */
  #timer: NodeJS.Timeout | null = null

  /** `serving` gives the workers that may take connections. */
  constructor (serving: () => readonly WorkerProcess[]) {
    this.#serving = serving
  }

  heard (worker: WorkerProcess, { open, busy }: FromWorker & { readonly arrWorkers: 'load' }): void {
    if (!Number.isFinite(open) || !Number.isFinite(busy)) return
    this.#loads.set(worker, { open, busy, at: performance.now() })
    this.#timer ??= setInterval(() => { this.decide() }, BEAT).unref()
    this.decide()
  }

  gone (worker: WorkerProcess): void {
    this.#loads.delete(worker)
    this.#resting.delete(worker)
    if (this.#loads.size === 0 && this.#timer !== null) {
      clearInterval(this.#timer)
      this.#timer = null
    }
    this.decide()
  }

  /** The worker with the fewest connections never rests, so that there is always one that takes them. */
  decide (): void {
    const now = performance.now()
    const workers = this.#serving()
    const heard = workers.map(worker => this.#loads.get(worker)).filter(load => load !== undefined && now - load.at < SILENT) as Load[]
    const share = heard.reduce((sum, { open }) => sum + open, 0) / heard.length
    const lead = Math.max(LEAD, share * LEAD_PART)
    const isRoom = heard.some(({ open, busy }) => open < share && busy < FULL)
    for (const worker of workers) {
      const load = this.#loads.get(worker)
      // Who rests begins again well before all have the same: each change costs two messages.
      const limit = share + (this.#resting.has(worker) ? lead / 2 : lead)
      this.#rest(worker, isRoom && load !== undefined && load.open > limit)
    }
  }

  #rest (worker: WorkerProcess, rests: boolean): void {
    if (rests === this.#resting.has(worker)) return
    if (rests) this.#resting.add(worker)
    else this.#resting.delete(worker)
    worker.send({ arrWorkers: 'rest', rests })
  }
}
