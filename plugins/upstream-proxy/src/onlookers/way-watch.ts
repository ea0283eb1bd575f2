// What is a watch told about the frames of one direction? Their headers, and parts of their payloads where somebody wants them.

/** Whom it is passed on to. */
interface Watches {
  readonly wantsPayload: boolean
  frame (side: 'client' | 'upstream', opcode: number, fin: boolean, rsv: number, length: number): void
  payload (side: 'client' | 'upstream', part: Buffer): void
  close (side: 'client' | 'upstream', code: number | null, reason: string): void
}

// Larger parts are told in several calls.
const MOST = 16_384

// Shared by all: what is told is valid during the call only. A copy, because a watch must not be able to change what passes.
let copy: Buffer | undefined

export class WayWatch {
  readonly #watches: Watches
  readonly #side: 'client' | 'upstream'
  readonly #isMasked: boolean
  readonly #wantsPayload: boolean
  readonly #mask = new Uint8Array(4)
  /** How many bytes of the current frame have come after its header: the mask, then the payload. */
  #passed = 0

  constructor (watches: Watches, side: 'client' | 'upstream', isMasked: boolean) {
    this.#watches = watches
    this.#side = side
    this.#isMasked = isMasked
    this.#wantsPayload = watches.wantsPayload
  }

  /** A frame begins. */
  frame (opcode: number, fin: boolean, rsv: number, length: number): void {
    this.#passed = 0
    this.#watches.frame(this.#side, opcode, fin, rsv, length)
  }

  /** Bytes of the current frame, from `at` to `end`: its mask, where it has one, and its payload. */
  part (bytes: Buffer, at: number, end: number): void {
    if (!this.#wantsPayload) return
    let first = 0
    if (this.#isMasked) {
      while (at < end && this.#passed < 4) this.#mask[this.#passed++] = bytes[at++] as number
      first = this.#passed - 4
    }
    for (; at < end; at += MOST) {
      const length = Math.min(MOST, end - at)
      copy ??= Buffer.allocUnsafeSlow(MOST)
      bytes.copy(copy, 0, at, at + length)
      if (this.#isMasked) for (let i = 0; i < length; i++) copy[i] = copy[i] as number ^ (this.#mask[(first + i) & 3] as number)
      this.#watches.payload(this.#side, copy.subarray(0, length))
      this.#passed += length
      first += length
    }
  }

  /** The direction's Close frame has come. */
  close (code: number | null, reason: string): void {
    this.#watches.close(this.#side, code, reason)
  }
}
