// How is one string both what rules see (decoded) and what the client sent (encoded)?

/**
 * A string in two forms. Rules match `text`; a URL is built from `raw`, so that what a client sent
 * passes byte for byte (`%2F` stays `%2F`) although the rule saw a slash.
 */
export interface Encoded {
  readonly text: string
  readonly raw: string
  /** The index in `raw` of each character of `text`, and one more entry for the end. */
  readonly offsets: Uint32Array
}

/** Most strings are the same decoded and encoded: those are plain strings. */
export type Text = string | Encoded

/** The decoded form, which rules match and headers get. */
export const decoded = (text: Text): string => typeof text === 'string' ? text : text.text

/** The form the client sent, before what is illegal in a URL is escaped. */
export const rawOf = (text: Text): string => typeof text === 'string' ? text : text.raw

/** A part of a text, by positions in its decoded form. */
export function slice (text: Text, start: number, end?: number): Text {
  if (typeof text === 'string') return text.slice(start, end)
  const last = end ?? text.text.length
  if (start >= last) return ''
  const from = text.offsets[start] as number
  const to = text.offsets[last] as number
  const part = text.text.slice(start, last)
  // As many raw characters as decoded ones: nothing in this part is encoded.
  if (to - from === part.length) return part
  return { text: part, raw: text.raw.slice(from, to), offsets: text.offsets.subarray(start, last + 1).map(offset => offset - from) }
}

/** Concatenates texts. */
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
