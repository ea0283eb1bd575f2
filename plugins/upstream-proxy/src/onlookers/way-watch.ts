// What is a watch told about the frames of one direction? Their headers, and parts of their payloads where somebody wants them.

/** Whom it is passed on to. */
interface Watches {
  readonly wantsPayload: boolean
  frame (side: 'client' | 'upstream', opcode: number, fin: boolean, rsv: number, length: number, masked: boolean): void
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
    this.#watches.frame(this.#side, opcode, fin, rsv, length, this.#isMasked)
  }

  /** A header that is not valid, from `at` to `end`: at least its first two bytes. What follows it is not read. */
  invalid (bytes: Buffer, at: number, end: number): void {
    const first = bytes[at] as number
    const second = bytes[at + 1] as number
    let length = second & 0x7f
    if (length === 126) length = end - at < 4 ? 0 : bytes.readUInt16BE(at + 2)
    else if (length === 127) length = end - at < 10 ? 0 : bytes.readUInt32BE(at + 2) * 0x100000000 + bytes.readUInt32BE(at + 6)
    this.#watches.frame(this.#side, first & 0x0f, first >= 0x80, first & 0x70, length, second >= 0x80)
  }

  /** Bytes of the current frame, from `at` to `end`: its mask, where it has one, and its payload. */
  part (bytes: Buffer, at: number, end: number): void {
    if (!this.#wantsPayload) return
    if (this.#isMasked) while (at < end && this.#passed < 4) this.#mask[this.#passed++] = bytes[at++] as number
    for (; at < end; at += MOST) {
      const length = Math.min(MOST, end - at)
      const part = copied(bytes, at, length, this.#isMasked ? this.#mask : null, this.#passed)
      this.#passed += length
      this.#watches.payload(this.#side, part)
    }
  }

  /** The direction's Close frame has come. */
  close (code: number | null, reason: string): void {
    this.#watches.close(this.#side, code, reason)
  }
}

/** A copy of a part, unmasked where there is a mask. `passed`: how many bytes of the frame came before it, the four of the mask included, which leave its turn as it is. */
function copied (bytes: Buffer, at: number, length: number, mask: Uint8Array | null, passed: number): Buffer {
  const into = copy ??= Buffer.allocUnsafeSlow(MOST)
  if (mask === null) bytes.copy(into, 0, at, at + length)
  else for (let i = 0; i < length; i++) into[i] = (bytes[at + i] as number) ^ (mask[(passed + i) & 3] as number)
  return into.subarray(0, length)
}
