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
export const rawOf = (text: Text): string => typeof text === 'string' ? text : text.raw

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
