// Which WebSocket frames pass in one direction? Their headers are read (RFC 6455 §5.2); payloads are not, except those of Close frames.
import type { Flow } from '@fastify-arr/facts'
import type { WayWatch } from '../../onlookers/way-watch.ts'
import type { Gate } from './gate.ts'

const CLOSE = 0x8
const ANY = 0x70
const NO_BYTES = Buffer.alloc(0)
// What reading a header returns where there is no frame to read on.
const INCOMPLETE = -1
const INVALID = -2
const REFUSED = -3

/** Reads the frames of one direction, chunk by chunk, and counts them in a flow. It stores no payload (except a Close frame's) and allocates nothing per frame. */
export class FrameReader {
  /** False after the first invalid frame: from then on nothing is counted by kind. */
  valid = true
  /** The first Close frame: its code (null where it has none) and reason. */
  closed: { code: number | null, reason: string } | null = null
  /** With a gate: how many bytes at the end of the last chunk were not read, because their header is incomplete or was refused. They must be read again. */
  unread = 0
  /** Who is told of each frame, or null. */
  watch: WayWatch | null = null
  /** Bytes of the current frame that have not arrived yet, once its header has; 0 between two frames. */
  left = 0
  /** Whether a message's last fragment is still to come. */
  fragmented = false
  /** The start of a header that is split between two chunks, or a Close frame's mask and payload so far. */
  held = NO_BYTES
  inClose = false
  readonly #flow: Flow
  readonly #masked: boolean
  /** The reserved bits that the negotiated extensions may set on a message's first frame. */
  readonly #rsv: number
  /** The limits on frames, or null. */
  readonly #gate: Gate | null

  constructor (flow: Flow, masked: boolean, rsv: number, gate: Gate | null = null) {
    this.#flow = flow
    this.#masked = masked
    this.#rsv = rsv
    this.#gate = gate
  }

  /** True between two frames, where another frame may be inserted. */
  get atBoundary (): boolean {
    return this.valid && this.left === 0 && this.held.length === 0
  }

  /**
   * Reads a chunk. Returns the index after the last frame that ends in it, or -1 where none does. With a gate, the next chunk must begin with
   * the bytes that are `unread`, and the gate says why it refused them.
   */
  read (chunk: Buffer): number {
    if (!this.valid || this.closed !== null) return -1
    this.unread = 0
    let bytes = chunk
    let at = 0
    let boundary = -1
    const held = this.held.length
    if (held > 0) {
      bytes = Buffer.concat([this.held, chunk])
      this.held = NO_BYTES
    }
    const end = bytes.length
    while (at < end) {
      if (this.left > 0) {
        if (this.inClose) {
          // Mask and payload are at most 129 bytes: they are collected, then read.
          if (end - at < this.left) break
          at += this.left
          this.#readClose(bytes, at - this.left)
          return at - held
        }
        const rest = end - at
        if (this.watch !== null) this.watch.part(bytes, at, Math.min(end, at + this.left))
        if (rest < this.left) {
          this.left -= rest
          return boundary
        }
        at += this.left
        this.left = 0
        boundary = at - held
        continue
      }
      const next = this.#readHeader(bytes, at, end)
      if (next < 0) {
        if (next === INVALID && this.watch !== null) this.watch.invalid(bytes, at, end)
        if (this.#gate !== null) {
          // No byte of a frame passes before its whole header was seen.
          this.unread = end - at
          this.#gate.refusal = next === INCOMPLETE ? null : next === INVALID ? 'invalid' : this.#gate.refusal
          return boundary
        }
        if (next === INCOMPLETE) break
        this.valid = false
        return boundary
      }
      at = next
      if (this.left === 0) boundary = at - held
      if (this.closed !== null) return boundary
    }
    if (at < end) this.held = Buffer.from(bytes.subarray(at))
    return boundary
  }

  /** The index after the header; negative where it is incomplete, invalid or refused. */
  #readHeader (bytes: Buffer, at: number, end: number): number {
    if (end - at < 2) return INCOMPLETE
    const first = bytes[at] as number
    const second = bytes[at + 1] as number
    const opcode = first & 0x0f
    const fin = (first & 0x80) !== 0
    const rsv = first & 0x70
    if ((second & 0x80) !== 0 !== this.#masked) return INVALID
    let length = second & 0x7f
    if (opcode >= CLOSE) {
      if (opcode > 0xa || !fin || length > 125) return INVALID
    } else if (opcode > 2 || (opcode === 0) !== this.fragmented) {
      return INVALID
    }
    // permessage-deflate sets RSV1 only on the first frame of a message (RFC 7692 §6.1).
    if (rsv !== 0 && (rsv & ~(opcode === 1 || opcode === 2 || this.#rsv === ANY ? this.#rsv : 0)) !== 0) return INVALID
    at += 2
    if (length === 126) {
      if (end - at < 2) return INCOMPLETE
      length = bytes[at] as number << 8 | bytes[at + 1] as number
      at += 2
    } else if (length === 127) {
      if (end - at < 8) return INCOMPLETE
      const high = bytes.readUInt32BE(at)
      if (high > 0x1fffff) return INVALID // larger than Number.MAX_SAFE_INTEGER
      length = high * 0x100000000 + bytes.readUInt32BE(at + 4)
      at += 8
    }
    if (this.#gate !== null && !this.#gate.admits(opcode, fin, length)) return REFUSED
    this.#count(opcode, fin)
    if (this.watch !== null) this.watch.frame(opcode, fin, rsv, length)
    if (opcode === CLOSE) {
      this.inClose = true
      this.left = length + (this.#masked ? 4 : 0)
      if (this.left === 0) this.#readClose(bytes, at)
      return at
    }
    // The mask is not needed: it is skipped with the payload.
    this.left = this.#masked ? length + 4 : length
    return at
  }

  #count (opcode: number, fin: boolean): void {
    const flow = this.#flow
    if (opcode < CLOSE) this.fragmented = !fin
    if (opcode === 1) {
      flow.messages++
      flow.text++
    } else if (opcode === 2) {
      flow.messages++
      flow.binary++
    } else if (opcode === 9) {
      flow.pings++
    } else if (opcode === 10) {
      flow.pongs++
    }
  }

  #readClose (bytes: Buffer, at: number): void {
    const mask = this.#masked ? bytes.subarray(at, at + 4) : null
    const payload = Buffer.from(bytes.subarray(mask === null ? at : at + 4, at + this.left))
    if (mask !== null) for (let i = 0; i < payload.length; i++) payload[i] = payload[i] as number ^ mask[i & 3] as number
    this.left = 0
    this.closed = payload.length < 2
      ? { code: null, reason: '' }
      : { code: payload.readUInt16BE(0), reason: payload.toString('utf8', 2) }
    this.watch?.close(this.closed.code, this.closed.reason)
  }
}

/** The reserved bits that the negotiated extensions may set: RSV1 for permessage-deflate (RFC 7692 §6), any for unknown extensions. */
export function reservedBits (extensions: string | null): number {
  if (extensions === null || extensions.trim() === '') return 0
  const names = extensions.split(',').map(extension => (extension.split(';', 1)[0] as string).trim().toLowerCase())
  return names.every(name => name === 'permessage-deflate') ? 0x40 : ANY
}
