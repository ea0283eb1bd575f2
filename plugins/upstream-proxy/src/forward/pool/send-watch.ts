// Does the upstream take what waits for it? A clock for bytes that do not move; one that takes a little now and then is only slow.
import type { Socket } from 'node:net'
import { takenBy } from '../../sockets/taken.ts'
import { Watch } from '../../sockets/watch.ts'

// A stalled socket is found after this part of the limit, at the latest.
const LOOKS = 4

export class SendWatch {
  readonly #socket: Socket
  readonly #limit: number
  readonly #watch: Watch
  #waiting = false
  #taken = 0
  /** Since when the client has accepted nothing, on `performance.now()`'s clock. */
  #since = 0

  /** `limit` in ms, 0 for none. `expired` is called once nothing was taken for so long. */
  constructor (socket: Socket, limit: number, expired: () => void) {
    this.#socket = socket
    this.#limit = limit
    this.#watch = new Watch(() => { this.#look(expired) })
  }

  /** Bytes wait from now on. */
  wait (): void {
    if (this.#waiting || this.#limit === 0) return
    this.#waiting = true
    this.#taken = takenBy(this.#socket)
    this.#since = performance.now()
    this.#watch.set(this.#limit / LOOKS)
  }

  stop (): void {
    this.#watch.stop()
  }

  #look (expired: () => void): void {
    this.#waiting = this.#socket.writableLength > 0 && !this.#socket.destroyed
    if (!this.#waiting) return
    const now = performance.now()
    const taken = takenBy(this.#socket)
    if (taken !== this.#taken) {
      this.#taken = taken
      this.#since = now
    } else if (now - this.#since >= this.#limit) {
      expired()
      return
    }
    this.#watch.set(this.#limit / LOOKS)
  }
}
