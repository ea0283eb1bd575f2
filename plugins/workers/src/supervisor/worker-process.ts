// One worker as its supervisor sees it: its process, how far it is, what it says, and how it ends.
import cluster, { type Worker } from 'node:cluster'
import { isOurs, PLACE, SHARED, SOCKETS, type FromWorker, type Handle, type ToWorker, type WorkerName } from '../exchange/messages.ts'
import { LastLines } from './last-lines.ts'
import type { SupervisorSettings } from './options.ts'
import { passOn } from './stderr.ts'

/** `starting` until it listens, `ready` until it takes connections, `serving`, `leaving` when others take them, `ending`, `gone`. */
export type WorkerState = 'starting' | 'ready' | 'serving' | 'leaving' | 'ending' | 'gone'

/** How a process ended. */
export interface Exit {
  readonly code: number | null
  readonly signal: string | null
}

/** What a worker says, but for what is about itself. */
export type Said = (worker: WorkerProcess, message: FromWorker, handle: Handle | undefined) => void

// ms. What a process has written before its end is read by then.
const LAST_WORDS = 250

export class WorkerProcess implements WorkerName {
  readonly generation: number
  readonly number: number
  /** How often a process was started in its place, this one included. */
  readonly starts: number
  readonly since = Date.now()
  state: WorkerState = 'starting'
  /** Open tunnels, as it said last. */
  tunnels = 0
  /** Why it is ended by its supervisor before it was ready; null where it was not. */
  overdue: string | null = null
  /** Whether it listens; false where it has ended before. */
  readonly ready: Promise<boolean>
  /** Whether it takes connections; false where it has ended before. */
  readonly begun: Promise<boolean>
  /** What became of its tunnels when it left; null where it has ended before. */
  readonly left: Promise<{ readonly moved: number, readonly stayed: number } | null>
  readonly gone: Promise<Exit>
  readonly #worker: Worker
  readonly #lines = new LastLines()
  readonly #said: Said
  #timer: NodeJS.Timeout | undefined
  #resolve: { ready: (is: boolean) => void, begun: (is: boolean) => void, left: (what: { moved: number, stayed: number } | null) => void } = { ready () {}, begun () {}, left () {} }

  constructor (generation: number, number: number, starts: number, settings: SupervisorSettings, said: Said) {
    this.generation = generation
    this.number = number
    this.starts = starts
    this.#said = said
    this.ready = new Promise(resolve => { this.#resolve.ready = resolve })
    this.begun = new Promise(resolve => { this.#resolve.begun = resolve })
    this.left = new Promise(resolve => { this.#resolve.left = resolve })
    const { exec, args, execArgv, env, count, readyTimeout, connections } = settings
    // Of what workers do not share, such as unix sockets.
    cluster.schedulingPolicy = cluster.SCHED_RR
    cluster.setupPrimary({ exec, args: [...args], ...execArgv !== null && { execArgv: [...execArgv] }, stdio: ['ignore', 'inherit', 'pipe', 'ipc'], serialization: 'json' })
    this.#worker = cluster.fork({ ...env(), [PLACE]: `${generation}/${number}/${count}/${starts}`, [SOCKETS]: connections === 'shared' ? SHARED : undefined })
    const { process: child } = this.#worker
    child.on('message', (message, handle) => { if (isOurs(message)) this.#hear(message as FromWorker, handle as Handle | undefined) })
    child.stderr?.on('data', (chunk: Buffer) => { this.#lines.add(chunk) })
    if (child.stderr !== null) passOn(child.stderr)
    this.gone = new Promise(resolve => {
      const end = (code: number | null, signal: string | null): void => {
        if (this.state === 'gone') return
        this.state = 'gone'
        clearTimeout(this.#timer)
        const told = (): void => {
          clearTimeout(waiting)
          for (const one of [this.#resolve.ready, this.#resolve.begun]) one(false)
          this.#resolve.left(null)
          resolve({ code, signal })
        }
        const waiting = setTimeout(told, LAST_WORDS)
        child.stderr?.once('close', told)
      }
      child.once('exit', end)
      // A process that could not be started has no exit.
      this.#worker.on('error', error => {
        if (child.pid !== undefined) return
        this.overdue = error.message
        end(null, null)
      })
    })
    this.#timer = setTimeout(() => {
      this.overdue = `it does not listen after ${readyTimeout} ms`
      this.kill()
    }, readyTimeout)
  }

  get pid (): number {
    return this.#worker.process.pid ?? 0
  }

  /** The end of its stderr. */
  get lines (): string[] {
    return this.#lines.lines
  }

  /** Never throws: what a worker that has ended would be told is lost with it. False where that is known at once; else `written` is called when it is on its way. */
  send (message: ToWorker, handle?: Handle, written = (): void => {}): boolean {
    if (this.state === 'gone' || !this.#worker.isConnected()) return false
    try {
      this.#worker.process.send(message, handle as never, {}, () => { written() })
      return true
    } catch {
      return false
    }
  }

  /** Lets it take connections. */
  begin (): void {
    if (this.state === 'ready') this.send({ arrWorkers: 'begin' })
  }

  /** Others take its connections; its tunnels move where they can. */
  leave (): void {
    if (this.state !== 'serving') return
    this.state = 'leaving'
    this.send({ arrWorkers: 'leave' })
  }

  /** Ends it; `within` ms, then it is killed. With `goodbye`, its WebSockets get the Close frame of a restart. */
  end (goodbye: boolean, within: number): void {
    if (this.state === 'gone' || this.state === 'ending') return
    // Before it is ready it has nothing to lose, and may not hear.
    const isDeaf = this.state === 'starting' || !this.send({ arrWorkers: 'end', goodbye })
    this.state = 'ending'
    clearTimeout(this.#timer)
    if (isDeaf) this.#worker.process.kill('SIGTERM')
    this.#timer = setTimeout(() => { this.kill() }, within)
  }

  kill (): void {
    this.#worker.process.kill('SIGKILL')
  }

  #hear (message: FromWorker, handle: Handle | undefined): void {
    if (message.arrWorkers === 'tunnels') this.tunnels = message.size
    else if (message.arrWorkers === 'left') this.#resolve.left(message)
    else if (message.arrWorkers === 'ready') {
      if (this.state !== 'starting') return
      clearTimeout(this.#timer)
      this.state = 'ready'
      this.#resolve.ready(true)
    } else if (message.arrWorkers === 'begun') {
      if (this.state !== 'ready') return
      this.state = 'serving'
      this.#resolve.begun(true)
    } else this.#said(this, message, handle)
  }
}
