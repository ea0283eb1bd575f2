// Which functions can a template call?

import { decodePath } from '../request/percent-decoding.ts'
import { encodeAnew, wellFormed } from '../request/percent-encoding.ts'
import { decoded, type Text } from '../request/text.ts'

const HTML: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

const FUNCTIONS: Readonly<Record<string, (text: Text) => Text>> = {
  tolower: text => typeof text === 'string' ? text.toLowerCase() : encodeAnew(text.text.toLowerCase()),
  urlencode: text => encodeURIComponent(wellFormed(decoded(text))),
  urldecode: text => decoded(decodePath(decoded(text))),
  htmlencode: text => decoded(text).replace(/[&<>"']/g, character => HTML[character] as string)
}

/** The function of this lower-case name, if there is one. */
export const functionNamed = (name: string): ((text: Text) => Text) | undefined =>
  Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined
