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
  const offsets: number[] = []
  let text = ''
  let at = 0
  while (at < raw.length) {
    const first = byteAt(raw, at)
    if (first === null) {
      offsets.push(at)
      text += raw[at++]
      continue
    }
    const character = characterAt(raw, first)
    for (let i = 0; i < character.text.length; i++) offsets.push(i === 0 ? at : character.end)
    text += character.text
    at = character.end
  }
  if (text === raw) return raw
  offsets.push(raw.length)
  return { text, raw, offsets: Uint32Array.from(offsets) }
}

interface Byte { readonly value: number, readonly end: number }

/** The byte a percent sequence stands for; null for an ordinary character. */
function byteAt (raw: string, at: number): Byte | null {
  if (raw[at] !== '%') return null
  const hex = raw.slice(at + 1, at + 3)
  return /^[0-9a-f]{2}$/i.test(hex) ? { value: Number.parseInt(hex, 16), end: at + 3 } : null
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function characterAt (raw: string, first: Byte): { text: string, end: number } {
  const length = first.value >= 0xf0 ? 4 : first.value >= 0xe0 ? 3 : first.value >= 0xc0 ? 2 : 1
  const bytes = [first.value]
  let end = first.end
  while (bytes.length < length) {
    const next = byteAt(raw, end)
    if (next === null) break
    bytes.push(next.value)
    end = next.end
  }
  try {
    return { text: utf8.decode(Uint8Array.from(bytes)), end }
  } catch {
    return { text: String.fromCharCode(first.value), end: first.end }
  }
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
