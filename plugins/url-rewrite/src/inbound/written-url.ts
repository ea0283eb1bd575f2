// What does a URL template expand to, with what comes from the request escaped where it stands?

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
  /** Whether the `://` is the author's, and nothing but a scheme comes before it. */
  readonly schemeIsOurs: boolean
}

/** The expanded text, with what comes from the request escaped where it stands; null where a part of it fits nowhere. */
export function write ({ origin, parts, encodeAnew, redirect }: CompiledTarget, state: State): Written | null {
  let whole = ''
  let fragment = ''
  let schemeIsOurs = false
  for (let index = 0; index < parts.length; index++) {
    const part = parts[index] as Part
    if (part.literal === null) {
      let value = part.value(state)
      // What a map gives is its author's text, and comes through a condition as well. In a path that a client sent a # is encoded, and stays so.
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
      if (origin === null && !schemeIsOurs && !whole.includes('://')) schemeIsOurs = /^[a-z\d+.-]+:\/\//i.test(whole + piece)
      whole += piece
    }
  }
  return { whole, fragment, schemeIsOurs }
}

/** A path as IIS writes it: decoded, then encoded anew. Its query, if it has one, stays as it came. */
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
