// What does a server of a worker listen with? A socket that all workers share: this process has one of its descriptors while it takes connections.
import type { Handle } from '../../exchange/messages.ts'

/** Node's handle of a socket that listens. Not documented. */
export interface ListeningSocket extends Handle {
  listen (backlog: number): number
  getsockname (name: object): number
  ref (): void
  unref (): void
  onconnection: (error: number, client: unknown) => void
}

/** Stands in Node's server for the handle, whether there is one or not, as Node's own stand-in of round robin does. */
export class Gate {
  /** Node puts its own here, with the server as a property of the gate. */
  onconnection: (error: number, client: unknown) => void = () => {}
  readonly #name = {}
  readonly #nameless: number
  readonly #wanted: () => boolean
  readonly #taken: () => void
  readonly #closed: () => void
  #socket: ListeningSocket | null
  #backlog = 511
  #hasRef = true
  #isClosed = false

  /** `wanted` tells whether connections are taken, `taken` is called at each. */
  constructor (socket: ListeningSocket, wanted: () => boolean, taken: () => void, closed: () => void) {
    this.#socket = socket
    this.#nameless = socket.getsockname(this.#name)
    this.#wanted = wanted
    this.#taken = taken
    this.#closed = closed
  }

  /** Whether it takes connections and has no socket to take them from. */
  get lacks (): boolean {
    return !this.#isClosed && this.#socket === null && this.#wanted()
  }

  /** Called by Node once. What is wrong with the socket shows now, whether connections are taken or not: it listens from here on, in whatever process. */
  listen (backlog: number): number {
    this.#backlog = backlog
    const socket = this.#socket
    if (socket === null) return 0
    this.#socket = null
    return this.#begin(socket)
  }

  /** Takes connections from this socket, if they are still wanted. */
  take (socket: ListeningSocket): void {
    if (!this.lacks) return socket.close()
    const error = this.#begin(socket)
    if (error !== 0) this.onconnection(error, undefined)
  }

  /** The connections that wait are for the others. */
  drop (): void {
    this.#socket?.close()
    this.#socket = null
  }

  close (): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.drop()
    this.#closed()
  }

  getsockname (name: object): number {
    Object.assign(name, this.#name)
    return this.#nameless
  }

  ref (): void {
    this.#hasRef = true
    this.#socket?.ref()
  }

  unref (): void {
    this.#hasRef = false
    this.#socket?.unref()
  }

  #begin (socket: ListeningSocket): number {
    socket.onconnection = (error, client) => {
      this.onconnection(error, client)
      this.#taken()
    }
    const error = socket.listen(this.#backlog)
    if (error !== 0 || !this.#wanted()) {
      // Before the next turn of the loop, nothing is accepted.
      socket.close()
      return error
    }
    if (!this.#hasRef) socket.unref()
    this.#socket = socket
    return 0
  }
}
