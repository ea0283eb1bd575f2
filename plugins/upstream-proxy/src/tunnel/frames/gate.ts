// May a frame pass? Asked at its header, before a byte of it has passed.
import type { Bucket } from './bucket.ts'

/** Why a frame may not pass: its message is too large, there are too many, or its header is not valid. */
export type Refusal = 'size' | 'rate' | 'invalid'

const TEXT = 1
const CLOSE = 8

/** The limits on the messages of one direction. */
export class Gate {
  /** Why the last frame was refused. */
  refusal: Refusal | null = null
  /** The largest message in bytes as they are on the wire, without headers; Infinity for no limit. */
  readonly #maxSize: number
  readonly messages: Bucket | null
  /** Payload bytes of the current message in the frames that have begun. */
  size = 0

  constructor (maxSize: number, messages: Bucket | null) {
    this.#maxSize = maxSize
    this.messages = messages
  }

  /** True where the frame may pass, and is then counted. A refused one may be asked about again. */
  admits (opcode: number, fin: boolean, length: number): boolean {
    // A goodbye always passes.
    if (opcode === CLOSE) return true
    const isControl = opcode > CLOSE
    const size = opcode === 0 ? this.size + length : length
    if (!isControl && size > this.#maxSize) return this.#refuse('size')
    // A flood of pings, or of empty fragments, is as much work for the other side as one of messages.
    if (this.messages !== null && (isControl || opcode >= TEXT || (length === 0 && !fin))) {
      if (this.messages.at(performance.now()) < 1) return this.#refuse('rate')
      this.messages.take(1)
    }
    if (!isControl) this.size = size
    return true
  }

  #refuse (refusal: Refusal): false {
    this.refusal = refusal
    return false
  }
}
