// How is one string both what the rules see (decoded) and what the client sent (encoded)?

/**
 * A string with two faces. Rules match `text`; a URL is given `raw`, so that what a client sent
 * passes byte for byte (`%2F` stays `%2F`) although the rule saw a slash.
 */
export interface Encoded {
  readonly text: string
  readonly raw: string
  /** Where each character of `text` begins in `raw`, and one entry more for the end. */
  readonly offsets: Uint32Array
}

/** Most strings look the same decoded and encoded: those are plain. */
export type Text = string | Encoded

/** The face that rules match and headers get. */
export const decoded = (text: Text): string => typeof text === 'string' ? text : text.text

/** The face as it came, before anything illegal in a URL is escaped. */
const rawOf = (text: Text): string => typeof text === 'string' ? text : text.raw

/** A part of a text, by positions in its decoded face. */
export function slice (text: Text, start: number, end?: number): Text {
  if (typeof text === 'string') return text.slice(start, end)
  const last = end ?? text.text.length
  if (start >= last) return ''
  const from = text.offsets[start] as number
  const to = text.offsets[last] as number
  const part = text.text.slice(start, last)
  // As many raw characters as decoded ones means that nothing in this part was encoded.
  if (to - from === part.length) return part
  return { text: part, raw: text.raw.slice(from, to), offsets: text.offsets.subarray(start, last + 1).map(offset => offset - from) }
}

/** Texts one after the other. */
export function join (texts: readonly Text[]): Text {
  if (texts.length === 1) return texts[0] as Text
  if (texts.every(text => typeof text === 'string')) return texts.join('')
  const raw = texts.map(rawOf).join('')
  const whole = texts.map(decoded).join('')
  const offsets = new Uint32Array(whole.length + 1)
  let at = 0
  let base = 0
  for (const text of texts) {
    const length = decoded(text).length
    for (let i = 0; i < length; i++) offsets[at + i] = base + (typeof text === 'string' ? i : text.offsets[i] as number)
    at += length
    base += rawOf(text).length
  }
  offsets[at] = base
  return { text: whole, raw, offsets }
}

const NEEDS_DECODING = /[%\x80-\uffff]/
// Node's HTTP parser hands over bare bytes of the target as Latin-1.
const BARE_BYTES = /[\x80-\xff]/g

/**
 * The two faces of a path as it came. Percent sequences are read as UTF-8; a sequence that is not valid UTF-8
 * becomes one Latin-1 character per byte, so that an overlong `%C0%AF` is never a slash; a percent sign
 * without two hex digits is itself.
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
    // The second half of a pair has nothing of its own in the raw face.
    if (length === 4) offsets[text.length - 1] = at
  }
  if (text === raw) return raw
  offsets[text.length] = raw.length
  return { text, raw, offsets: offsets.subarray(0, text.length + 1) }
}

const NO_BYTE = -1

/** The byte that a percent sequence stands for. */
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

/** How many bytes the UTF-8 character takes that begins here; 1 where they make none (Unicode 16, table 3-7). */
function sequenceLength (raw: string, at: number, first: number): number {
  const length = first >= 0xf0 && first <= 0xf4 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 1
  if (first > 0xf4) return 1
  for (let i = 1; i < length; i++) {
    const next = byteAt(raw, at + i * 3)
    if (next < 0x80 || next > 0xbf) return 1
    // Overlong forms, halves of pairs and what lies beyond U+10FFFF are no characters.
    if (i === 1 && ((first === 0xe0 && next < 0xa0) || (first === 0xed && next > 0x9f) || (first === 0xf0 && next < 0x90) || (first === 0xf4 && next > 0x8f))) return 1
  }
  return length
}

function characterAt (raw: string, at: number, first: number, length: number): string {
  let code = first & (0x7f >> length)
  for (let i = 1; i < length; i++) code = (code << 6) | (byteAt(raw, at + i * 3) & 0x3f)
  return String.fromCodePoint(code)
}

// Only what can't stand in a URL, or would mean something else there: a fragment, or a slash to those who read `\` as one.
// eslint-disable-next-line no-control-regex
const ILLEGAL = /[\x00-\x20\\#\x7f-\uffff]/
// eslint-disable-next-line no-control-regex
const ILLEGAL_RUNS = /[\x00-\x20\\#\x7f-\uffff]+/g

/** The text with half surrogate pairs replaced, which no UTF-8 can hold. */
export const wellFormed = (text: string): string => text.replace(/\p{Surrogate}/gu, '\ufffd')

/** The face that goes into a URL: as it came, with only what is illegal there escaped. */
export function urlFace (text: Text): string {
  const raw = rawOf(text)
  return ILLEGAL.test(raw) ? raw.replace(ILLEGAL_RUNS, run => encodeURIComponent(wellFormed(run))) : raw
}

/** A decoded path, encoded anew as IIS does it: slashes stay, every percent sign becomes `%25`. */
export function encodePath (path: string): string {
  return wellFormed(path).replace(/[^\w\-.~!$&'()*+,;=:@/]+/g, encodeURIComponent)
}

/** A text made of decoded characters alone, to be encoded anew where it stands in a path. */
export function encodeAnew (text: string): Text {
  return join(Array.from(wellFormed(text), (character): Text => {
    const raw = encodePath(character)
    if (raw === character) return character
    return { text: character, raw, offsets: Uint32Array.from(character.length === 1 ? [0, raw.length] : [0, raw.length, raw.length]) }
  }))
}
