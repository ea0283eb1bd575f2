// How are connections taken where the supervisor accepts them and gives one to each in turn? Node's round robin, with a worker that can decline.
import { Server } from 'node:net'
import type { Doors } from './doors.ts'
import { listenBy } from './listening.ts'

/** What a server that listens has: in a worker it stands for a socket of the supervisor. Not documented. */
type Listening = Server & { readonly _handle?: { close (): void } | null }

// A worker hands connections over this number back to the supervisor, which gives them to another one. 0 is no limit on Node 20.
const NONE = -1

export class Turns implements Doors {
  readonly #servers: Server[] = []
  #limits: Array<number | undefined> | null = []

  /** Servers listen, and take nothing until `open`. */
  readonly release = listenBy((own, server, wish, answer) => {
    // A datagram socket comes by here as well.
    if (server instanceof Server) this.#watch(server)
    own(server, wish, answer)
  })

  async open (): Promise<void> {
    const limits = this.#limits ?? []
    this.#limits = null
    for (const [at, server] of this.#servers.entries()) if (server.maxConnections === NONE) server.maxConnections = limits[at] as number
  }

  shut (): void {
    for (const server of this.#servers as Listening[]) server._handle?.close()
  }

  // Each has its turn, and no socket comes.
  rest (): void {}
  came (): void {}
  closing (): void {}

  #watch (server: Server): void {
    this.#servers.push(server)
    if (this.#limits === null) return
    this.#limits.push(server.maxConnections)
    server.maxConnections = NONE
  }
}
