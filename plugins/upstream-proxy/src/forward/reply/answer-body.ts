// How is an answer's body offered to Fastify? As a stream that keeps nothing back: while a part of it waits, no more is read from the upstream.
import { Readable } from 'node:stream'

export class AnswerBody extends Readable {
  readonly #wanted: () => void

  /** `wanted` is called when its parts were taken: when they are with whoever reads it. */
  constructor (wanted: () => void) {
    super({ highWaterMark: 1 })
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

  // Called before the reader gets what was there.
  override _read (): void {
    process.nextTick(taken, this)
  }

  taken (): void {
    if (this.readableLength > 0 || this.destroyed) return
    this.emit('drain')
    this.#wanted()
  }
}

function taken (body: AnswerBody): void {
  body.taken()
}

function noop (): void {}
