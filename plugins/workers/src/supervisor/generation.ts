// The workers that were started together: first one, then the others; those that die are started anew; all leave together.
import { BackOff } from './back-off.ts'
import type { SupervisorSettings } from './options.ts'
import { WorkerProcess, type Exit, type Said } from './worker-process.ts'

/** A worker's place in a generation: who has it may die, and another one gets it. */
interface Seat {
  worker: WorkerProcess
  readonly backOff: BackOff
}

/** Why a generation does not start. */
export interface Failure {
  readonly reason: string
  /** What the worker wrote last. */
  readonly lines: readonly string[]
}

export class Generation {
  readonly number: number
  /** Whether a worker has ended otherwise than with code 0. */
  isHurt = false
  readonly #settings: SupervisorSettings
  readonly #said: Said
  readonly #gone: (worker: WorkerProcess, isFollowed: boolean) => void
  readonly #seats: Seat[] = []
  readonly #processes: WorkerProcess[] = []
  readonly #timers: NodeJS.Timeout[] = []
  #phase: 'starting' | 'serving' | 'leaving' | 'ending' = 'starting'
  #over = (): void => {}
  /** Resolves when none of its processes is left, after it was told to leave or to end. */
  readonly over = new Promise<void>(resolve => { this.#over = resolve })

  constructor (number: number, settings: SupervisorSettings, said: Said, gone: (worker: WorkerProcess, isFollowed: boolean) => void) {
    this.number = number
    this.#settings = settings
    this.#said = said
    this.#gone = gone
  }

  /** Its processes, those of a seat one after the other included. */
  get workers (): readonly WorkerProcess[] {
    return this.#processes
  }

  /** Whether its workers end with their last tunnels. */
  get isLeaving (): boolean {
    return this.#phase === 'leaving'
  }

  /** Starts one worker and, when it listens, the others: new code that does not start costs one process. Null when all listen. */
  async start (): Promise<Failure | null> {
    const first = this.#seat(1)
    if (!await first.ready) return await this.#whyNot(first)
    const others = Array.from({ length: this.#settings.count - 1 }, (_, at) => this.#phase === 'starting' ? this.#seat(at + 2) : first)
    await Promise.all(others.map(async worker => await worker.ready))
    // Not of `#processes`: one that has ended is no longer there.
    const lost = [first, ...others].find(({ state }) => state !== 'ready')
    return lost === undefined ? null : await this.#whyNot(lost)
  }

  /** Its workers take connections, and are started anew where they die. Resolves when all of them do. */
  async serve (): Promise<void> {
    this.#phase = 'serving'
    for (const seat of this.#seats) this.#keep(seat)
    await Promise.all(this.#processes.map(async worker => {
      worker.begin()
      await worker.begun
    }))
  }

  /** Others take its connections. Its workers end when they have no tunnels left, or are told goodbye after `drainAfter`. Resolves with what became of the tunnels. */
  async leave (): Promise<{ moved: number, stayed: number }> {
    this.#phase = 'leaving'
    this.#stopTimers()
    this.#timers.push(setTimeout(() => { this.end(true) }, this.#settings.drainAfter))
    // Those that have died are not started anew any more.
    for (const { worker } of this.#seats) if (worker.state === 'gone') this.#gone(worker, false)
    const sums = { moved: 0, stayed: 0 }
    await Promise.all(this.#processes.map(async worker => {
      if (worker.state !== 'serving') worker.end(false, this.#settings.endAfter)
      else worker.leave()
      const { moved = 0, stayed = 0 } = await worker.left ?? {}
      sums.moved += moved
      sums.stayed += stayed
    }))
    this.#seeWhoIsLeft()
    return sums
  }

  end (goodbye: boolean): void {
    this.#phase = 'ending'
    this.#stopTimers()
    for (const worker of this.#processes) worker.end(goodbye, this.#settings.endAfter)
    this.#seeWhoIsLeft()
  }

  /** At once. */
  kill (): void {
    this.end(false)
    for (const worker of this.#processes) worker.kill()
  }

  #seat (number: number): WorkerProcess {
    const seat: Seat = { worker: this.#fork(number, 1), backOff: new BackOff(this.#settings.backOff) }
    seat.backOff.started()
    this.#seats.push(seat)
    return seat.worker
  }

  #fork (number: number, starts: number): WorkerProcess {
    const worker = new WorkerProcess(this.number, number, starts, this.#settings, this.#said)
    this.#processes.push(worker)
    worker.gone.then(({ code }) => {
      if (code !== 0) this.isHurt = true
      this.#processes.splice(this.#processes.indexOf(worker), 1)
      this.#gone(worker, this.#phase === 'serving')
      this.#seeWhoIsLeft()
    })
    return worker
  }

  /** Starts the worker of a seat anew whenever it has died. */
  #keep (seat: Seat): void {
    const { worker } = seat
    worker.gone.then(exit => {
      if (this.#phase !== 'serving') return
      const wait = seat.backOff.died()
      this.#settings.log.warn({ ...about(worker, exit), tunnels: worker.tunnels, wait, ...worker.overdue !== null && { reason: worker.overdue } },
        `worker ${worker.number} has ended, and ${worker.tunnels === 1 ? '1 tunnel' : `${worker.tunnels} tunnels`} with it; it is started anew in ${wait} ms`)
      this.#timers.push(setTimeout(() => { this.#startAnew(seat) }, wait))
    })
  }

  #startAnew (seat: Seat): void {
    try {
      seat.worker = this.#fork(seat.worker.number, seat.worker.starts + 1)
    } catch (error) {
      // The operating system has no process left, or `env` has thrown.
      const wait = seat.backOff.died()
      this.#settings.log.error({ err: error, wait }, `worker ${seat.worker.number} cannot be started; the next try is in ${wait} ms`)
      this.#timers.push(setTimeout(() => { this.#startAnew(seat) }, wait))
      return
    }
    const { worker } = seat
    seat.backOff.started()
    this.#keep(seat)
    worker.ready.then(isReady => {
      if (!isReady || this.#phase !== 'serving') return
      this.#settings.log.info({ worker: worker.number, workerPid: worker.pid }, `worker ${worker.number} is back`)
      worker.begin()
    })
  }

  async #whyNot (worker: WorkerProcess): Promise<Failure> {
    const { code, signal } = await worker.gone
    const how = signal !== null && worker.overdue === null ? `it was ended by ${signal}` : `it ended with code ${code}`
    return { reason: worker.overdue ?? how, lines: worker.lines }
  }

  #stopTimers (): void {
    for (const timer of this.#timers.splice(0)) clearTimeout(timer)
  }

  #seeWhoIsLeft (): void {
    if (this.#processes.length > 0 || this.#phase === 'starting' || this.#phase === 'serving') return
    this.#stopTimers()
    this.#over()
  }
}

function about (worker: WorkerProcess, { code, signal }: Exit): object {
  return { generation: worker.generation, worker: worker.number, workerPid: worker.pid, code, signal }
}
