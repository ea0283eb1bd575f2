// How much has this worker to do? Its connections and the part of its time that they take, told to the supervisor.
import type { Server } from 'node:net'
import { performance } from 'node:perf_hooks'
import { BEAT, type FromWorker } from '../../exchange/messages.ts'

// Connections and ms: where many more are open than at the last time, that is told earlier.
const MANY = 8
const SOON = 20

export class Load {
  readonly #tell: (message: FromWorker) => boolean
  readonly #servers: () => readonly Server[]
  readonly #tunnels: () => number
  readonly #beat: () => boolean
  #timer: NodeJS.Timeout | null = null
  #taken = 0
  #asked = 0
  #told = 0
  #used = performance.eventLoopUtilization()
  #busy = 0

  /** `beat` is called regularly, and tells whether this worker can take connections. */
  constructor (tell: (message: FromWorker) => boolean, servers: () => readonly Server[], tunnels: () => number, beat: () => boolean) {
    this.#tell = tell
    this.#servers = servers
    this.#tunnels = tunnels
    this.#beat = beat
  }

  begin (): void {
    this.#timer ??= setInterval(() => { this.#live() }, BEAT).unref()
    this.#live()
  }

  end (): void {
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#timer = null
  }

  /** A connection was taken. Short ones do not add up. */
  taken (): void {
    if (++this.#taken >= MANY && this.#timer !== null && performance.now() - this.#asked >= SOON) this.#count(MANY)
  }

  #live (): void {
    const used = performance.eventLoopUtilization()
    this.#busy = Math.round(performance.eventLoopUtilization(used, this.#used).utilization * 100) / 100
    this.#used = used
    if (this.#beat()) this.#count(0)
  }

  /** Counts, and tells where there are at least so many more. */
  #count (more: number): void {
    this.#taken = 0
    this.#asked = performance.now()
    const servers = this.#servers()
    let [open, left] = [0, servers.length]
    for (const server of servers) {
      server.getConnections((_error, count = 0) => {
        open += count
        // A tunnel that another worker has handed over belongs to no server.
        if (--left === 0) this.#say(Math.max(open, this.#tunnels()), more)
      })
    }
  }

  #say (open: number, more: number): void {
    if (open - this.#told < more && more > 0) return
    this.#told = open
    this.#tell({ arrWorkers: 'load', open, busy: this.#busy })
  }
}
