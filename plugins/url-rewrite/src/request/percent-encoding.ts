// How is a text written into a URL?

import { join, rawOf, type Text } from './text.ts'

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
