// What does a Close frame look like? (RFC 6455 §5.5.1)
import { randomBytes } from 'node:crypto'

/** Longest reason, in bytes of UTF-8: a control frame's payload is at most 125, and the code takes two. */
export const MAX_REASON = 123

/** A Close frame; masked where it goes from a client's side to a server (RFC 6455 §5.3). The reason has to fit. */
export function closeFrame (code: number, reason: string, masked: boolean): Buffer {
  const text = Buffer.from(reason, 'utf8')
  const length = 2 + text.length
  const frame = Buffer.alloc((masked ? 6 : 2) + length)
  frame[0] = 0x88
  frame[1] = masked ? 0x80 | length : length
  const at = masked ? 6 : 2
  frame.writeUInt16BE(code, at)
  text.copy(frame, at + 2)
  if (masked) {
    const mask = randomBytes(4)
    mask.copy(frame, 2)
    for (let i = 0; i < length; i++) frame[at + i] = frame[at + i] as number ^ mask[i & 3] as number
  }
  return frame
}

/** As much of a reason as a Close frame holds, cut between characters, and as it is read at the other end: half a surrogate pair is none. */
export function fitting (reason: string): string {
  const text = Buffer.from(reason, 'utf8')
  let end = Math.min(text.length, MAX_REASON)
  while (end < text.length && ((text[end] as number) & 0xc0) === 0x80) end--
  return text.toString('utf8', 0, end)
}
