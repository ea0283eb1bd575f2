// Who started this process? A supervisor that hears what it says, or nobody.
import cluster from 'node:cluster'
import { isOurs, PLACE, type FromWorker, type Handle, type ToWorker } from '../exchange/messages.ts'

/** A worker's place, as its supervisor gave it. */
export interface Place {
  readonly generation: number
  /** In its generation, from 1. */
  readonly number: number
  /** How many workers a generation has. */
  readonly count: number
  /** How often a process was started in this place. */
  readonly starts: number
}

/** The place of this process; null where no supervisor has started it. */
export function placeOf (env: Readonly<Record<string, string | undefined>>): Place | null {
  const [, generation, number, count, starts] = /^(\d+)\/(\d+)\/(\d+)\/(\d+)$/.exec(env[PLACE] ?? '') ?? []
  // The variable alone may be inherited: a program that a worker starts is no worker.
  return cluster.isWorker && process.connected && starts !== undefined ? { generation: Number(generation), number: Number(number), count: Number(count), starts: Number(starts) } : null
}

type Heard = (message: ToWorker, handle: Handle | undefined) => void

/** The channel to the supervisor. */
export class Parent {
  readonly #hear: Heard
  readonly #lost: () => void
  readonly #listener: (message: unknown, handle: unknown) => void

  /** `lost` is called when the supervisor has ended without a word. */
  constructor (hear: Heard, lost: () => void) {
    this.#hear = hear
    this.#lost = lost
    this.#listener = (message, handle) => { if (isOurs(message)) this.#hear(message as ToWorker, handle as Handle | undefined) }
    process.on('message', this.#listener)
    process.once('disconnect', this.#lost)
    // Node ends a worker at once whose supervisor has ended; here it closes in order.
    if (cluster.worker !== undefined) cluster.worker.exitedAfterDisconnect = true
  }

  /** False where it is known at once that nobody hears it. The sender keeps a handle: the other process gets another one for the same socket. `written` is called when it is on its way. */
  tell (message: FromWorker, handle?: Handle, written = (): void => {}): boolean {
    if (!process.connected) return false
    try {
      process.send?.(message, handle as never, { keepOpen: true }, () => { written() })
      return true
    } catch {
      return false
    }
  }

  /** The process may end now, if nothing else holds it. */
  leave (): void {
    process.off('message', this.#listener)
    process.off('disconnect', this.#lost)
    if (process.connected) process.disconnect()
  }
}
