// What does an encoded text say, to the most lenient of readers? One step of decoding.

// Node's HTTP parser gives unescaped bytes of the target as Latin-1.
const RAW = /[%\x80-\xff]/

/**
 * Decodes percent sequences once: as UTF-8, overlong forms included, and `%uXXXX` of old IIS. What is not valid stands for itself, a byte
 * for a Latin-1 character. A reader that is stricter sees something else, or refuses; no reader that is in use sees a separator or a dot
 * where this sees none. `isRaw`: the text is a target as it came, in which characters above 7F are bytes of UTF-8.
 */
export function decodeOnce (text: string, isRaw: boolean): string {
  if (!(isRaw ? RAW.test(text) : text.includes('%'))) return text
  let decoded = ''
  let at = 0
  // What stands for itself is copied a run at a time.
  let copied = 0
  while (at < text.length) {
    const code = text.charCodeAt(at)
    const first = code === PERCENT ? byteAt(text, at) : isRaw && code > 0x7f && code <= 0xff ? code : NO_BYTE
    if (first === NO_BYTE) {
      const unit = code === PERCENT ? unitAt(text, at) : NO_BYTE
      if (unit !== NO_BYTE) {
        decoded += text.slice(copied, at) + String.fromCharCode(unit)
        copied = at + '%uXXXX'.length
      }
      at = unit === NO_BYTE ? at + 1 : copied
      continue
    }
    decoded += text.slice(copied, at)
    let next = at + (code === PERCENT ? 3 : 1)
    at = next
    let value = first
    let more = first >= 0xf0 && first <= 0xf7 ? 3 : first >= 0xe0 && first < 0xf0 ? 2 : first >= 0xc0 && first < 0xe0 ? 1 : 0
    if (more > 0) value = first & (0x3f >> more)
    for (; more > 0; more--) {
      const encoded = text.charCodeAt(next) === PERCENT
      const byte = encoded ? byteAt(text, next) : isRaw ? text.charCodeAt(next) : NO_BYTE
      if (!(byte >= 0x80 && byte <= 0xbf)) break
      value = (value << 6) | (byte & 0x3f)
      next += encoded ? 3 : 1
    }
    if (more === 0 && value <= 0x10ffff) {
      decoded += String.fromCodePoint(value)
      at = next
    } else {
      decoded += String.fromCharCode(first)
    }
    copied = at
  }
  return decoded + text.slice(copied)
}

/** Decodes once, but for slashes and backslashes: to some readers, such as RFC 3986 §2.2, an encoded separator is part of a name. */
export function decodeNames (text: string, isRaw: boolean): string {
  return decodeOnce(text.replace(/%(?=2f|5c)/gi, '%25'), isRaw)
}

/** Whether a text has a percent sign that begins no sequence of two hex digits. */
export function hasBarePercent (text: string): boolean {
  for (let at = text.indexOf('%'); at !== -1; at = text.indexOf('%', at + 1)) if (byteAt(text, at) === NO_BYTE) return true
  return false
}

const PERCENT = 0x25
const NO_BYTE = -1

/** The byte of the percent sequence at a place. */
function byteAt (text: string, at: number): number {
  const high = hexDigit(text.charCodeAt(at + 1))
  const low = hexDigit(text.charCodeAt(at + 2))
  return high === NO_BYTE || low === NO_BYTE ? NO_BYTE : high * 16 + low
}

/** The UTF-16 unit of the `%uXXXX` at a place. */
function unitAt (text: string, at: number): number {
  if ((text.charCodeAt(at + 1) | 0x20) !== 0x75) return NO_BYTE
  let unit = 0
  for (let i = at + 2; i < at + 6; i++) {
    const digit = hexDigit(text.charCodeAt(i))
    if (digit === NO_BYTE) return NO_BYTE
    unit = unit * 16 + digit
  }
  return unit
}

function hexDigit (code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30
  const letter = code | 0x20
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : NO_BYTE
}
