// How is a text written into a URL?

import { join, rawOf, type Text } from './text.ts'

// Only what is illegal in a URL, or means something else there: `#` begins a fragment, and browsers read `\` as a slash.
// eslint-disable-next-line no-control-regex
const ILLEGAL = /[\x00-\x20\\#\x7f-\uffff]/
// eslint-disable-next-line no-control-regex
const ILLEGAL_RUNS = /[\x00-\x20\\#\x7f-\uffff]+/g

/** The text with lone surrogates replaced, which UTF-8 can't encode. */
export const wellFormed = (text: string): string => text.replace(/\p{Surrogate}/gu, '\ufffd')

/** The text as it goes into a URL: as the client sent it, with only what is illegal there escaped. */
export function urlFace (text: Text): string {
  const raw = rawOf(text)
  return ILLEGAL.test(raw) ? raw.replace(ILLEGAL_RUNS, run => encodeURIComponent(wellFormed(run))) : raw
}

/** Encodes a decoded path as IIS does: slashes stay, every percent sign becomes `%25`. */
export function encodePath (path: string): string {
  return wellFormed(path).replace(/[^\w\-.~!$&'()*+,;=:@/]+/g, encodeURIComponent)
}

/** A text from decoded characters alone, encoded as in a path. */
export function encodeAnew (text: string): Text {
  return join(Array.from(wellFormed(text), (character): Text => {
    const raw = encodePath(character)
    if (raw === character) return character
    return { text: character, raw, offsets: Uint32Array.from(character.length === 1 ? [0, raw.length] : [0, raw.length, raw.length]) }
  }))
}
