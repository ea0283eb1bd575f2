// What may not be anywhere in a path, or in a query?
import { booleanAt, textsAt } from '../filter/shape.ts'
import { fold } from '../url/fold.ts'
import type { CompileFiltering } from './compile-filtering.ts'

export const compileUrlSequences: CompileFiltering = (options, at, mistakes) => {
  const sequences = textsAt(options.denyUrlSequences, `${at}.denyUrlSequences`, mistakes).map(fold)
  const allowed = new Set(textsAt(options.alwaysAllowedUrls, `${at}.alwaysAllowedUrls`, mistakes).map(fold))
  if (sequences.length === 0) return null

  return ({ target }) => {
    const found = foundIn(target.texts, sequences)
    // Every server must take the path for one that is allowed.
    if (found === null || (allowed.size > 0 && target.readings.resolved.every(reading => allowed.has(reading)))) return null
    return { reason: 'denyUrlSequences', statusCode: 404, subStatusCode: 5, detail: found }
  }
}

export const compileQuerySequences: CompileFiltering = (options, at, mistakes) => {
  const unescape = booleanAt(options.unescapeQueryString, true, `${at}.unescapeQueryString`, mistakes)
  const sequences = textsAt(options.denyQueryStringSequences, `${at}.denyQueryStringSequences`, mistakes).map(fold)
  const allowed = new Set(textsAt(options.alwaysAllowedQueryStrings, `${at}.alwaysAllowedQueryStrings`, mistakes).map(fold))
  if (sequences.length === 0) return null

  return ({ target }) => {
    if (target.rawQuery === '') return null
    const found = foundIn(unescape ? target.queries : target.queries.slice(0, 1), sequences)
    if (found === null || (allowed.size > 0 && target.queries.some(query => allowed.has(query)))) return null
    return { reason: 'denyQueryStringSequences', statusCode: 404, subStatusCode: 18, detail: found }
  }
}

/** The first of some sequences that one of the texts has; null where none has any. */
export function foundIn (texts: readonly string[], sequences: readonly string[]): string | null {
  for (const text of texts) for (const sequence of sequences) if (text.includes(sequence)) return sequence
  return null
}
