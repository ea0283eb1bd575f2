// How is a path decoded, keeping where each character came from?

import type { Text } from './text.ts'

const NEEDS_DECODING = /[%\x80-\uffff]/
// Node's HTTP parser gives unescaped bytes of the target as Latin-1.
const BARE_BYTES = /[\x80-\xff]/g

/**
 * Decodes a path as the client sent it. Percent sequences are read as UTF-8; a sequence that is not valid UTF-8
 * becomes one Latin-1 character per byte, so that an overlong `%C0%AF` is never a slash; a percent sign
 * without two hex digits stands for itself.
 */
export function decodePath (path: string): Text {
  if (!NEEDS_DECODING.test(path)) return path
  const raw = path.replace(BARE_BYTES, byte => `%${byte.charCodeAt(0).toString(16).toUpperCase()}`)
  const offsets = new Uint32Array(raw.length + 1)
  let text = ''
  let at = 0
  while (at < raw.length) {
    const first = byteAt(raw, at)
    const length = first < 0x80 ? 1 : sequenceLength(raw, at, first)
    offsets[text.length] = at
    if (first === NO_BYTE) {
      text += raw[at++]
      continue
    }
    text += length === 1 ? String.fromCharCode(first) : characterAt(raw, at, first, length)
    at += length * 3
    // The second half of a surrogate pair has no characters of its own in the raw form.
    if (length === 4) offsets[text.length - 1] = at
  }
  if (text === raw) return raw
  offsets[text.length] = raw.length
  return { text, raw, offsets: offsets.subarray(0, text.length + 1) }
}

const NO_BYTE = -1

/** The byte that a percent sequence stands for; `NO_BYTE` where there is none. */
function byteAt (raw: string, at: number): number {
  if (raw.charCodeAt(at) !== 0x25) return NO_BYTE
  const high = hexDigit(raw.charCodeAt(at + 1))
  const low = hexDigit(raw.charCodeAt(at + 2))
  return high < 0 || low < 0 ? NO_BYTE : high * 16 + low
}

function hexDigit (code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30
  const letter = code | 0x20
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1
}

/** The length in bytes of the UTF-8 character that begins here; 1 where the bytes make none (Unicode 16, table 3-7). */
function sequenceLength (raw: string, at: number, first: number): number {
  const length = first >= 0xf0 && first <= 0xf4 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 1
  if (first > 0xf4) return 1
  for (let i = 1; i < length; i++) {
    const next = byteAt(raw, at + i * 3)
    if (next < 0x80 || next > 0xbf) return 1
    // Overlong forms, surrogates and code points beyond U+10FFFF are no characters.
    if (i === 1 && ((first === 0xe0 && next < 0xa0) || (first === 0xed && next > 0x9f) || (first === 0xf0 && next < 0x90) || (first === 0xf4 && next > 0x8f))) return 1
  }
  return length
}

function characterAt (raw: string, at: number, first: number, length: number): string {
  let code = first & (0x7f >> length)
  for (let i = 1; i < length; i++) code = (code << 6) | (byteAt(raw, at + i * 3) & 0x3f)
  return String.fromCodePoint(code)
}
