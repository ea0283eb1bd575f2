// Which events does a handshake listen to, until it is over and the sockets belong to something else?
import type { Duplex } from 'node:stream'

type Listener = (value: any) => void

export class Listening {
  readonly #all: Array<readonly [Duplex, string, Listener]> = []

  /** `first`: before all other listeners. */
  on (stream: Duplex, event: string, listener: Listener, first = false): void {
    if (first) stream.prependListener(event, listener)
    else stream.on(event, listener)
    this.#all.push([stream, event, listener])
  }

  stop (): void {
    for (const [stream, event, listener] of this.#all) stream.removeListener(event, listener)
    this.#all.length = 0
  }
}
