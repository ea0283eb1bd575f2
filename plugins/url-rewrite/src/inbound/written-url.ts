// What does a URL template expand to, with values of the request escaped for their place?

import { MAP, type Part } from '../expressions/template.ts'
import { decodePath } from '../request/percent-decoding.ts'
import { encodePath, urlFace } from '../request/percent-encoding.ts'
import { decoded, slice, type Text } from '../request/text.ts'
import { fit } from './authority.ts'
import type { State } from '../request/state.ts'
import type { CompiledTarget } from './compiled-target.ts'

/** An expanded URL template. */
export interface Written {
  readonly whole: string
  readonly fragment: string
  /** Whether the rule itself has the `://`, with nothing but a scheme before it. */
  readonly schemeIsWritten: boolean
}

/** The expanded text, with values of the request escaped for their place; null where a value is not allowed in its place. */
export function write ({ origin, parts, encodeAnew, redirect }: CompiledTarget, state: State): Written | null {
  let whole = ''
  let fragment = ''
  let schemeIsWritten = false
  for (let index = 0; index < parts.length; index++) {
    const part = parts[index] as Part
    if (part.literal === null) {
      let value = part.value(state)
      // A map's value is its author's text, and may arrive through a condition: its # begins a fragment. A # in a path that a client sent is encoded, and stays so.
      const hash = redirect && (part.source === MAP || part.source === 'C') && typeof value === 'string' ? value.indexOf('#') : -1
      if (hash !== -1 && fragment === '') {
        fragment = `#${urlFace(slice(value, hash + 1))}`
        value = slice(value, 0, hash)
      } else if (fragment !== '') {
        fragment += urlFace(value)
        continue
      }
      let piece: string | null = encodeAnew && !whole.includes('?') ? encodedAnew(value) : urlFace(value)
      if (origin === null) piece = fit(piece, part.source, whole, parts.slice(index + 1))
      if (piece === null) return null
      whole += piece
    } else if (fragment !== '') {
      fragment += part.literal
    } else {
      const hash = part.literal.indexOf('#')
      if (hash !== -1) fragment = part.literal.slice(hash)
      const piece = hash === -1 ? part.literal : part.literal.slice(0, hash)
      if (origin === null && !schemeIsWritten && !whole.includes('://')) schemeIsWritten = /^[a-z\d+.-]+:\/\//i.test(whole + piece)
      whole += piece
    }
  }
  return { whole, fragment, schemeIsWritten }
}

/** A path as IIS writes it: decoded, then encoded anew. Its query, if it has one, stays as sent. */
function encodedAnew (value: Text): string {
  if (typeof value !== 'string') {
    const query = value.offsets.indexOf(value.raw.indexOf('?'))
    return query === -1 ? encodePath(value.text) : encodePath(value.text.slice(0, query)) + urlFace(slice(value, query))
  }
  const raw = urlFace(value)
  const mark = raw.indexOf('?')
  const path = encodePath(decoded(decodePath(mark === -1 ? raw : raw.slice(0, mark))))
  return mark === -1 ? path : path + raw.slice(mark)
}
