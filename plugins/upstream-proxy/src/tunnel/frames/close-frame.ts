// How is a Close frame built? (RFC 6455 §5.5.1)
import { controlFrame } from './control-frame.ts'

/** The longest reason, in bytes of UTF-8: a control frame's payload is at most 125 bytes, and the code takes two of them. */
export const MAX_REASON = 123

const CLOSE = 0x8

/** Builds a Close frame; masked where it goes to a server (RFC 6455 §5.3). The reason must be at most MAX_REASON bytes. */
export function closeFrame (code: number, reason: string, masked: boolean): Buffer {
  const payload = Buffer.alloc(2 + Buffer.byteLength(reason, 'utf8'))
  payload.writeUInt16BE(code, 0)
  payload.write(reason, 2, 'utf8')
  return controlFrame(CLOSE, payload, masked)
}

/** The reason cut to what a Close frame holds, between characters, and as the receiver decodes it: a lone surrogate becomes U+FFFD. */
export function fitting (reason: string): string {
  const text = Buffer.from(reason, 'utf8')
  let end = Math.min(text.length, MAX_REASON)
  while (end < text.length && ((text[end] as number) & 0xc0) === 0x80) end--
  return text.toString('utf8', 0, end)
}

/** True for the codes that an endpoint may send in a Close frame (RFC 6455 §7.4). */
export function isSendable (code: unknown): code is number {
  return Number.isInteger(code) && typeof code === 'number' &&
    ((code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999))
}
