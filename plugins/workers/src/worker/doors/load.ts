// How much has this worker to do? Its connections and the part of its time that they take, told to the supervisor.
import type { Server } from 'node:net'
import { performance } from 'node:perf_hooks'
import type { FromWorker } from '../../exchange/messages.ts'

// ms. The supervisor takes one for silent that has not told for four of them.
const BEAT = 250
// Connections and ms: where many more are open than at the last time, that is told earlier.
const MANY = 8
const SOON = 20

export class Load {
  readonly #tell: (message: FromWorker) => boolean
  readonly #servers: () => readonly Server[]
  readonly #tunnels: () => number
  #timer: NodeJS.Timeout | null = null
  #taken = 0
  #asked = 0
  #told = 0
  #used = performance.eventLoopUtilization()

  constructor (tell: (message: FromWorker) => boolean, servers: () => readonly Server[], tunnels: () => number) {
    this.#tell = tell
    this.#servers = servers
    this.#tunnels = tunnels
  }

  begin (): void {
    this.#timer ??= setInterval(() => { this.#count(0) }, BEAT).unref()
    this.#count(0)
  }

  end (): void {
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#timer = null
  }

  /** A connection was taken. Short ones do not add up. */
  taken (): void {
    if (++this.#taken >= MANY && this.#timer !== null && performance.now() - this.#asked >= SOON) this.#count(MANY)
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
    const used = performance.eventLoopUtilization()
    const { utilization } = performance.eventLoopUtilization(used, this.#used)
    this.#used = used
    this.#told = open
    this.#tell({ arrWorkers: 'load', open, busy: Math.round(utilization * 100) / 100 })
  }
}
