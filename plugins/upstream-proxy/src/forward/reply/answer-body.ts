// How is an answer's body offered to Fastify? As a stream that asks for more of it when it is read.
import { Readable } from 'node:stream'

/** As much as is read from the upstream at a time, in bytes. */
const SIZE = 65_536

export class AnswerBody extends Readable {
  readonly #wanted: () => void

  /** `wanted` is called when there is room for more. */
  constructor (wanted: () => void) {
    super({ highWaterMark: SIZE })
    this.#wanted = wanted
    // It may fail before anybody listens: a hook may still run.
    this.on('error', noop)
  }

  /** False where the reader must catch up; then 'drain' follows. */
  write (part: Buffer): boolean {
    return this.destroyed || this.push(part)
  }

  end (): void {
    if (!this.destroyed) this.push(null)
  }

  override _read (): void {
    this.emit('drain')
    this.#wanted()
  }
}

function noop (): void {}
