// Which whole frames are in what a side has heard? An own, plain reader: the one under test is not asked.

export interface OneFrame {
  readonly opcode: number
  readonly fin: boolean
  readonly rsv: number
  readonly masked: boolean
  /** As latin1, unmasked. */
  readonly payload: string
  /** All of it, as it came. */
  readonly raw: Buffer
  /** Of a Close frame. */
  readonly code?: number
  readonly reason?: string
}

/** The whole frames, in order; what follows the last of them is left out. */
export function framesIn (bytes: Buffer): OneFrame[] {
  const frames: OneFrame[] = []
  for (let at = 0; ;) {
    if (bytes.length - at < 2) return frames
    const first = bytes[at] as number
    const second = bytes[at + 1] as number
    const masked = second >= 0x80
    let length = second & 0x7f
    let start = at + 2
    if (length === 126) {
      if (bytes.length - at < 4) return frames
      length = bytes.readUInt16BE(at + 2)
      start += 2
    } else if (length === 127) {
      if (bytes.length - at < 10) return frames
      length = Number(bytes.readBigUInt64BE(at + 2))
      start += 8
    }
    const from = masked ? start + 4 : start
    if (bytes.length < from + length) return frames
    const payload = Buffer.from(bytes.subarray(from, from + length))
    if (masked) for (let i = 0; i < length; i++) payload[i] = (payload[i] as number) ^ (bytes[start + (i & 3)] as number)
    const opcode = first & 0x0f
    frames.push({
      opcode,
      fin: first >= 0x80,
      rsv: first & 0x70,
      masked,
      payload: payload.toString('latin1'),
      raw: bytes.subarray(at, from + length),
      ...(opcode === 8 && length >= 2 ? { code: payload.readUInt16BE(0), reason: payload.toString('utf8', 2) } : {})
    })
    at = from + length
  }
}
