// Spellings of one path that HTTP.sys, and most servers, read as the same.

import fc from 'fast-check'

/** A letter unchanged, in the other case, or encoded. */
const letter = (character: string): fc.Arbitrary<string> => {
  const encoded = (one: string): string => `%${one.charCodeAt(0).toString(16)}`
  const upper = character.toUpperCase()
  return fc.constantFrom(character, character, upper, encoded(character), encoded(upper), encoded(character).toUpperCase())
}

const name = (text: string): fc.Arbitrary<string> => fc.tuple(...Array.from(text, letter)).map(letters => letters.join(''))
const dot = fc.constantFrom('.', '%2e', '%2E')
const dotDot = fc.tuple(dot, dot).map(dots => dots.join(''))
const parameter = fc.constantFrom('', '', ';', ';v=1')

/** One separator or several. */
const separators = fc.array(fc.constantFrom('/', '/', '\\', '%2f', '%2F', '%5c', '%5C'), { minLength: 1, maxLength: 3 }).map(list => list.join(''))

/** Segments that lead back to where they began. */
const detour: fc.Arbitrary<string> = fc.oneof(
  fc.tuple(dot, parameter, separators),
  fc.tuple(fc.constantFrom('x', 'admin', '...', '%252f', 'a%20b', '%C3%A9'), separators, dotDot, parameter, separators)
).map(parts => parts.join(''))
const detours = fc.array(detour, { maxLength: 2 }).map(list => list.join(''))

/** At the root `..` leads nowhere. */
const climb = fc.tuple(dotDot, separators).map(parts => parts.join(''))

/** `/admin/x`, in any spelling. */
export const adminX: fc.Arbitrary<string> = fc.tuple(
  fc.oneof(fc.constant(''), separators),
  fc.oneof(fc.constant(''), climb),
  detours,
  name('admin'),
  separators,
  detours,
  name('x')
).map(parts => `/${parts.join('')}`)

/** Any path at all. */
export const anyPath: fc.Arbitrary<string> = fc.string({
  unit: fc.constantFrom('a', 'b', '/', '//', '\\', '.', '..', '/..', '/../', '%2F', '%5c', '%2e', '%2E%2e', ';', '%252f', '%', '%zz', 'é', '%C3%A9', '%FF', '%20')
}).map(text => `/${text}`)
