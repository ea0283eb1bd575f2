// How is a request written to a connection? The writes of one turn of the event loop leave together at its end.
import type { Socket } from 'node:net'
import { type Late, leaveTogether } from '../../sockets/leave-together.ts'
import type { Patience } from './patience.ts'
import { SendWatch } from './send-watch.ts'

/** The sending side of one connection. */
export class Outgoing implements Late {
  readonly socket: Socket
  readonly #patience: Patience
  #asked = false
  #gathering = false
  /** Made for the first body that has to wait. */
  #watch: SendWatch | null = null
  readonly #sendTimeout: number
  readonly #stalled: () => void

  /** `sendTimeout` in ms; `stalled` is called where the upstream takes nothing of a body for so long. */
  constructor (socket: Socket, patience: Patience, sendTimeout: number, stalled: () => void) {
    this.socket = socket
    this.#patience = patience
    this.#sendTimeout = sendTimeout
    this.#stalled = stalled
  }

  /** True once bytes of the current request have been sent. */
  get asked (): boolean {
    return this.#asked
  }

  /** A request is about to be written. */
  prepare (): void {
    this.#asked = false
  }

  /** Collects the writes that follow; they leave together. */
  gather (): void {
    if (this.#gathering) return
    this.#gathering = true
    this.socket.cork()
    leaveTogether(this)
  }

  leave (): void {
    this.#asked = true
    this.#gathering = false
    this.socket.uncork()
  }

  /** Sends text of the request, in latin1 as it was read. False where the caller should wait for 'drain'. */
  writeText (text: string): boolean {
    return this.socket.write(text, 'latin1')
  }

  /** Sends a part of the request's body. */
  write (part: Buffer): boolean {
    this.#patience.moved()
    const isOpen = this.socket.write(part)
    if (!isOpen) (this.#watch ??= new SendWatch(this.socket, this.#sendTimeout, this.#stalled)).wait()
    return isOpen
  }

  /** The whole request is sent. */
  sent (): void {
    this.#patience.sent()
  }

  /** The connection is closed. */
  close (): void {
    this.#watch?.stop()
  }
}
