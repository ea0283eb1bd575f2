// Which frames of a WebSocket are kept? The first 200 and the last 200, as numbers in two tables: a frame allocates nothing.
import type { Side } from '@fastify-arr/facts'

/** A frame that was kept. */
export interface KeptFrame {
  /** ms since the exchange began. */
  readonly time: number
  readonly side: Side
  readonly opcode: number
  readonly fin: boolean
  readonly rsv: number
  readonly length: number
  readonly masked: boolean
  /** The first bytes of its payload, where those are kept. */
  readonly payload: Buffer | null
}

/** Frames, in the middle, that were not kept. */
export interface Skipped {
  fromClient: number
  fromUpstream: number
  bytesFromClient: number
  bytesFromUpstream: number
}

const FIRST = 200
const LAST = 200
const WIDTH = 3
const SOME = 16
/** In a frame's number: above its side, its end, its opcode and its reserved bits. */
const MASKED = 0x4000
const SIDES = ['client', 'upstream', 'proxy'] as const satisfies readonly Side[]
export const FRAME_BYTES = WIDTH * 8
/** What payloads leave for the frames themselves, and for the moments between them. */
const LEFT = (FIRST + LAST) * FRAME_BYTES + 2_048

/** A log of frames. `grow` is asked before it takes so many bytes more, and would leave `left`; false keeps it as small as it is. */
export class FrameLog {
  count = 0
  readonly skipped: Skipped = { fromClient: 0, fromUpstream: 0, bytesFromClient: 0, bytesFromUpstream: 0 }
  readonly #grow: (bytes: number, left?: number) => boolean
  #first = new Float64Array(0)
  #last: Float64Array | null = null
  /** How many are in the first table; it takes no more where it could not grow. */
  #head = 0
  #full = false
  #payloads: Array<Buffer | null> | null = null

  constructor (grow: (bytes: number, left?: number) => boolean) {
    this.#grow = grow
  }

  add (time: number, side: Side, opcode: number, fin: boolean, rsv: number, length: number, masked: boolean): void {
    const index = this.count++
    const info = (side === 'client' ? 0 : side === 'upstream' ? 1 : 2) + (fin ? 4 : 0) + opcode * 8 + rsv * 128 + (masked ? MASKED : 0)
    if (!this.#full && (this.#head < this.#first.length / WIDTH || this.#more())) {
      put(this.#first, this.#head++, time, info, length)
      return
    }
    if (this.#last === null) {
      this.#skip(info, length)
      return
    }
    const place = (index - this.#head) % LAST
    if (index - this.#head >= LAST) this.#skip(this.#last[place * WIDTH + 1] as number, this.#last[place * WIDTH + 2] as number)
    put(this.#last, place, time, info, length)
    if (this.#payloads !== null) this.#payloads[this.#head + place] = null
  }

  /** Keeps the beginning of the payload of the frame with this number (the first is 0), where the frame itself is still there. */
  keepPayload (index: number, part: Buffer, most: number): void {
    const place = index < this.#head ? index : this.#last !== null && index >= this.count - LAST ? this.#head + (index - this.#head) % LAST : -1
    if (place === -1) return
    this.#payloads ??= []
    const before = this.#payloads[place] ?? null
    const room = most - (before?.length ?? 0)
    if (room <= 0 || !this.#grow(Math.min(room, part.length), LEFT)) return
    // Copied: the buffer is the tunnel's.
    this.#payloads[place] = Buffer.concat(before === null ? [part.subarray(0, room)] : [before, part.subarray(0, room)])
  }

  /** How many of the first are kept; those up to `tailFrom` are not. */
  get head (): number {
    return this.#head
  }

  /** The number of the first of the last ones. */
  get tailFrom (): number {
    return this.#last === null ? this.count : Math.max(this.#head, this.count - LAST)
  }

  /** The frame with this number, which is one of those that are kept. */
  at (index: number): KeptFrame {
    const isFirst = index < this.#head
    const table = isFirst ? this.#first : this.#last as Float64Array
    const place = isFirst ? index : (index - this.#head) % LAST
    const info = table[place * WIDTH + 1] as number
    return {
      time: table[place * WIDTH] as number,
      side: SIDES[info & 3] as Side,
      opcode: (info >> 3) & 15,
      fin: (info & 4) !== 0,
      rsv: (info >> 7) & 0x7f,
      masked: (info & MASKED) !== 0,
      length: table[place * WIDTH + 2] as number,
      payload: this.#payloads?.[isFirst ? place : this.#head + place] ?? null
    }
  }

  /** Another piece of the first table, then the second table. False where there is none: the first table is full. */
  #more (): boolean {
    const frames = this.#first.length / WIDTH
    const next = Math.min(FIRST, Math.max(SOME, frames * 2))
    if (next > frames && this.#grow((next - frames) * FRAME_BYTES)) {
      const table = new Float64Array(next * WIDTH)
      table.set(this.#first)
      this.#first = table
      return true
    }
    this.#full = true
    if (this.#grow(LAST * FRAME_BYTES)) this.#last = new Float64Array(LAST * WIDTH)
    return false
  }

  #skip (info: number, length: number): void {
    const { skipped } = this
    if ((info & 3) === 0) {
      skipped.fromClient++
      skipped.bytesFromClient += length
    } else if ((info & 3) === 1) {
      skipped.fromUpstream++
      skipped.bytesFromUpstream += length
    }
  }
}

function put (table: Float64Array, place: number, time: number, info: number, length: number): void {
  const at = place * WIDTH
  table[at] = time
  table[at + 1] = info
  table[at + 2] = length
}
