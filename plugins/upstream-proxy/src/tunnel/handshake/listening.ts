// Which events does a handshake listen to, and for how long, until it is over and the sockets belong to something else?
import type { Duplex } from 'node:stream'

type Listener = (value: any) => void

export class Listening {
  #timer: NodeJS.Timeout | undefined
  readonly #all: Array<readonly [Duplex, string, Listener]> = []

  /** `first`: before all other listeners. */
  on (stream: Duplex, event: string, listener: Listener, first = false): void {
    if (first) stream.prependListener(event, listener)
    else stream.on(event, listener)
    this.#all.push([stream, event, listener])
  }

  /** Whether a time limit was set. */
  get isLimited (): boolean {
    return this.#timer !== undefined
  }

  /** The time limit, in ms, in place of an earlier one. */
  limit (ms: number, expired: () => void): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(expired, ms).unref()
  }

  /** The time limit holds no longer. */
  unlimit (): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  stop (): void {
    clearTimeout(this.#timer)
    for (const [stream, event, listener] of this.#all) stream.removeListener(event, listener)
    this.#all.length = 0
  }
}
