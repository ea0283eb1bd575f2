// Has the pong come? Reads a server's frames, and keeps nothing of its messages, however long they are (RFC 6455 §5.2).

const CLOSE = 0x8
const PONG = 0xa
const KNOWN: ReadonlySet<number> = new Set([0x0, 0x1, 0x2, CLOSE, 0x9, PONG])

/** `read` gets the bytes as they come. */
export class PongReader {
  readonly #sought: Buffer
  readonly #head = Buffer.alloc(10)
  #had = 0
  #opcode = 0
  /** How many bytes of the payload are still to come. */
  #left = 0
  /** The payload of a control frame: at most 125 bytes. */
  readonly #payload = Buffer.alloc(125)
  #size = 0

  constructor (sought: Buffer) {
    this.#sought = sought
  }

  /** `pong` when it is there, other words where it will not come, null as long as neither is known. */
  read (chunk: Buffer): string | null {
    for (let at = 0; at < chunk.length;) {
      let found: string | null
      if (this.#left === 0) {
        this.#head[this.#had++] = chunk[at++] as number
        found = this.#begin()
      } else {
        const part = Math.min(this.#left, chunk.length - at)
        if (this.#opcode >= CLOSE) this.#size += chunk.copy(this.#payload, this.#size, at, at + part)
        at += part
        this.#left -= part
        found = this.#left === 0 ? this.#end() : null
      }
      if (found !== null) return found
    }
    return null
  }

  #begin (): string | null {
    const [first = 0, second = 0] = this.#head
    if (this.#had < 2) return null
    const short = second & 0x7f
    const opcode = first & 0xf
    const control = opcode >= CLOSE
    if ((first & 0x70) !== 0 || (second & 0x80) !== 0 || !KNOWN.has(opcode) || (control && (short > 125 || (first & 0x80) === 0))) return 'no pong: its frames are not valid'
    if (this.#had < (short === 127 ? 10 : short === 126 ? 4 : 2)) return null
    const length = short === 127 ? Number(this.#head.readBigUInt64BE(2)) : short === 126 ? this.#head.readUInt16BE(2) : short
    this.#had = this.#size = 0
    this.#opcode = opcode
    this.#left = length
    return length === 0 ? this.#end() : null
  }

  #end (): string | null {
    const payload = this.#payload.subarray(0, this.#size)
    if (this.#opcode === PONG && payload.equals(this.#sought)) return 'pong'
    if (this.#opcode === CLOSE) return `no pong: Close ${payload.length < 2 ? 'without a code' : payload.readUInt16BE(0)}`
    return null
  }
}
