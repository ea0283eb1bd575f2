// Who starts the workers, and who replaces them? One process that serves nothing itself, so that nothing in it can fail.
import cluster from 'node:cluster'
import { openControl, type Control } from '../control/server.ts'
import { NoSupervisorError } from '../errors.ts'
import type { FromWorker, Handle } from '../exchange/messages.ts'
import { Generation } from './generation.ts'
import { Rests } from './listening/rests.ts'
import { Sockets } from './listening/sockets.ts'
import { compile, type SuperviseOptions, type SupervisorSettings } from './options.ts'
import { Broadcasts } from './passing/broadcasts.ts'
import { Questions } from './passing/questions.ts'
import { Transfers } from './passing/transfers.ts'
import { obeySignals } from './signals.ts'
import { statusOf, type Status } from './status.ts'
import type { WorkerProcess } from './worker-process.ts'

/** What became of a reload. */
export interface Reloaded {
  readonly ok: boolean
  /** The generation that serves now. */
  readonly generation: number
  /** Why the old one still serves. */
  readonly reason?: string
  readonly moved?: number
  readonly stayed?: number
}

let isTaken = false

/**
 * Starts the workers, and supervises them until it is ended.
 *
 * @throws FST_ARR_WORKERS_INVALID_OPTIONS, and FST_ARR_WORKERS_NO_SUPERVISOR in a worker or the second time.
 */
export function supervise (options: SuperviseOptions): Supervisor {
  const settings = compile(options)
  if (!cluster.isPrimary) throw new NoSupervisorError('a worker supervises nobody')
  if (isTaken) throw new NoSupervisorError('this process supervises already')
  isTaken = true
  return new Supervisor(settings)
}

export class Supervisor {
  /** Resolves with the first generation's start: true when it serves. */
  readonly started: Promise<boolean>
  /** Resolves when all workers have ended, with the exit code for this process: 0 where all ended in order. */
  readonly done: Promise<number>
  readonly #settings: SupervisorSettings
  readonly #generations: Generation[] = []
  readonly #takers = (): WorkerProcess[] => this.#serving?.workers.filter(({ state }) => state === 'serving') ?? []
  readonly #transfers = new Transfers(this.#takers)
  readonly #questions = new Questions(() => this.#generations.flatMap(({ workers }) => workers))
  readonly #broadcasts = new Broadcasts()
  readonly #sockets = new Sockets()
  readonly #rests = new Rests(this.#takers)
  #serving: Generation | null = null
  #count = 0
  #running: Promise<Reloaded>
  #waiting: Promise<Reloaded> | null = null
  #isEnding = false
  #isHurt = false
  #control: Control | null = null
  #silence = (): void => {}
  #done: (code: number) => void = () => {}

  constructor (settings: SupervisorSettings) {
    this.#settings = settings
    this.done = new Promise(resolve => { this.#done = resolve })
    if (settings.signals) {
      this.#silence = obeySignals({
        reload: () => { this.reload().catch(() => {}) },
        end: signal => { this.end(signal).catch(() => {}) },
        kill: () => { for (const generation of this.#generations) generation.kill() }
      })
    }
    if (settings.control !== false) {
      this.#control = openControl(settings.control, settings.log, async word => word === 'reload' ? await this.reload() : this.status())
    }
    this.#running = this.#renew()
    this.started = this.#running.then(({ ok }) => ok)
  }

  /**
   * Starts new workers with the code, the environment and the configuration of now. When all of them listen they take the connections,
   * and the old ones leave; where they don't, nothing changes. During another reload it waits for that, and is one with others that wait.
   */
  reload (): Promise<Reloaded> {
    this.#waiting ??= this.#running.then(async () => {
      this.#waiting = null
      this.#running = this.#renew()
      return await this.#running
    })
    return this.#waiting
  }

  status (): Status {
    return statusOf(this.#generations, this.#serving?.number ?? null)
  }

  /** Ends all workers in order; resolves with the exit code. */
  end (why = 'end'): Promise<number> {
    if (!this.#isEnding) {
      this.#isEnding = true
      this.#settings.log.info({}, `${why}: the workers end`)
      for (const generation of this.#generations) generation.end(false)
      this.#seeWhoIsLeft()
    }
    return this.done
  }

  async #renew (): Promise<Reloaded> {
    const { log, count, mostLeaving } = this.#settings
    const old = this.#serving
    const refused = (reason: string): Reloaded => ({ ok: false, generation: old?.number ?? 0, reason })
    if (this.#isEnding) return refused('it is ending')
    const generation = new Generation(++this.#count, this.#settings, this.#hear, this.#forget)
    this.#generations.push(generation)
    generation.over.then(() => {
      this.#generations.splice(this.#generations.indexOf(generation), 1)
      this.#sockets.over(generation.number)
      // Before a reload's own failure, it is the reload that has failed, and not the site.
      if (generation.isHurt && this.#isEnding) this.#isHurt = true
      this.#seeWhoIsLeft()
    })
    // A process that cannot be made is a failure like others.
    const failure = await generation.start().catch((error: Error) => ({ reason: error.message, lines: [] }))
    if (this.#isEnding) return refused('it is ending')
    if (failure !== null) {
      if (old === null) this.#isEnding = this.#isHurt = true
      generation.end(false)
      if (old === null) log.error({ reason: failure.reason }, `no worker has started: ${failure.reason}`)
      else log.error({ reason: failure.reason, lines: failure.lines }, `the reload has failed, and generation ${old.number} goes on: ${failure.reason}${failure.lines.map(line => `\n  ${line}`).join('')}`)
      return refused([failure.reason, ...failure.lines].join('\n'))
    }
    this.#serving = generation
    await generation.serve()
    log.info({ generation: generation.number, workers: count }, `generation ${generation.number} serves: ${count === 1 ? '1 worker' : `${count} workers`}`)
    if (old === null || this.#isEnding) return { ok: true, generation: generation.number, moved: 0, stayed: 0 }
    const leaving = this.#generations.filter(({ isLeaving }) => isLeaving)
    // With this one they would be too many.
    for (const oldest of leaving.slice(0, Math.max(0, leaving.length + 1 - mostLeaving))) oldest.end(true)
    const { moved, stayed } = await old.leave()
    log.info({ generation: old.number, moved, stayed }, `generation ${old.number} leaves: ${moved} tunnels have moved, ${stayed} stay with it until they end`)
    return { ok: true, generation: generation.number, moved, stayed }
  }

  /** A worker of another version may say what this process does not understand: nothing that it says may end it. */
  readonly #hear = (worker: WorkerProcess, message: FromWorker, handle: Handle | undefined): void => {
    try {
      this.#obey(worker, message, handle)
    } catch (error) {
      this.#settings.log.error({ err: error, pid: worker.pid, message: message.arrWorkers }, 'a message of a worker could not be passed on')
    }
  }

  #obey (worker: WorkerProcess, message: FromWorker, handle: Handle | undefined): void {
    if (message.arrWorkers === 'tunnel') this.#transfers.pass(worker, message, handle)
    else if (message.arrWorkers === 'adopted') this.#transfers.answered(message)
    else if (message.arrWorkers === 'ask') this.#questions.ask(worker, message)
    else if (message.arrWorkers === 'answer') this.#questions.answer(worker, message)
    else if (message.arrWorkers === 'tell') this.#broadcasts.tell(worker, message)
    else if (message.arrWorkers === 'listen') this.#broadcasts.listen(worker, message)
    else if (message.arrWorkers === 'counted') this.#questions.counted(worker, message)
    else if (message.arrWorkers === 'socket') this.#sockets.give(worker, message)
    else if (message.arrWorkers === 'closed') this.#sockets.closed(worker, message)
    else if (message.arrWorkers === 'load') this.#rests.heard(worker, message)
  }

  readonly #forget = (worker: WorkerProcess, isFollowed: boolean): void => {
    if (!isFollowed) this.#sockets.gone(worker)
    this.#rests.gone(worker)
    this.#transfers.gone(worker)
    this.#questions.gone(worker)
    this.#broadcasts.gone(worker)
  }

  #seeWhoIsLeft (): void {
    if (!this.#isEnding || this.#generations.length > 0) return
    this.#silence()
    this.#control?.close()
    isTaken = false
    process.exitCode = this.#isHurt ? 1 : 0
    this.#done(this.#isHurt ? 1 : 0)
  }
}
