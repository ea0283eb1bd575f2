// Which of this process's servers take connections? All that listen, from `open` until `shut`; what comes before or after gets another worker.
import cluster from 'node:cluster'
import type { Server } from 'node:net'

/** What a server that listens has: in a worker it stands for a socket of the supervisor. Not documented, as `_getServer` is not. */
type Listening = Server & { readonly _handle?: { close (): void } | null }
type Cluster = typeof cluster & { _getServer?: (server: Server, ...rest: unknown[]) => unknown }

// A worker hands connections over this number back to the supervisor, which gives them to another one. 0 is no limit on Node 20.
const NONE = -1

export class Doors {
  readonly #servers: Server[] = []
  readonly #cluster = cluster as Cluster
  #limits: Array<number | undefined> | null = []
  #release: () => void = () => {}

  /** From now on servers listen, and take nothing until `open`. */
  constructor () {
    const { _getServer: listen } = this.#cluster
    if (typeof listen !== 'function') return
    const doors = this
    const own = this.#cluster._getServer = function (this: unknown, server: Server, ...rest: unknown[]): unknown {
      doors.#watch(server)
      return Reflect.apply(listen, this, [server, ...rest])
    }
    this.#release = () => { if (this.#cluster._getServer === own) this.#cluster._getServer = listen }
  }

  open (): void {
    const limits = this.#limits ?? []
    this.#limits = null
    for (const [at, server] of this.#servers.entries()) if (server.maxConnections === NONE) server.maxConnections = limits[at] as number
  }

  /** Takes no more connections; those that are open go on. `server.close()` works later as ever. */
  shut (): void {
    for (const server of this.#servers as Listening[]) server._handle?.close()
  }

  release (): void {
    this.#release()
  }

  #watch (server: Server): void {
    this.#servers.push(server)
    if (this.#limits === null) return
    this.#limits.push(server.maxConnections)
    server.maxConnections = NONE
  }
}
