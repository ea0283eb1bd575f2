// Which characters does one element of a pattern stand for: a character, an escape or a class?

/** A set of characters: one bit for each of ASCII, and whether it may hold any other. */
export interface CharacterSet {
  readonly ascii: bigint
  readonly beyond: boolean
}

const CLASS = /^\[(?:\\[^]|[^\]\\])*\]/
// Escapes for one character or a class of characters. Digits are back-references, \b is an assertion, \k and \p are not read.
const ESCAPE = /^\\(?:x[\da-f]{2}|u[\da-f]{4}|c[a-z]|[dswtnrfv0](?!\d)|[^\w]|[aeg-jlmoqyz_])/i

/** The element of a pattern that begins at `at`, as written; null where none does, or one that is not read here. */
export function setAt (source: string, at: number): string | null {
  const rest = source.slice(at)
  const written = rest[0] === '[' ? CLASS.exec(rest)?.[0] : rest[0] === '\\' ? ESCAPE.exec(rest)?.[0] : rest[0]
  return written === undefined || /^[*+?)]$/.test(written) ? null : written
}

const sets = new Map<string, CharacterSet>()

/** The set that a character, an escape or a class stands for. */
export function setOf (written: string, ignoreCase: boolean): CharacterSet {
  const key = `${ignoreCase ? 'i' : ''}/${written}`
  const known = sets.get(key)
  if (known !== undefined) return known
  const test = new RegExp(`^${written}$`, ignoreCase ? 'is' : 's')
  let ascii = 0n
  for (let code = 0; code < 128; code++) if (test.test(String.fromCharCode(code))) ascii |= 1n << BigInt(code)
  // A set that is not a list of ASCII characters and \d may hold characters beyond ASCII, and counts as holding all of them.
  const listed = /^(?:\[(?!\^)(?:[\x20-\x5b\x5d-\x7e]|\\d|\\[^\w])*\]|[\x20-\x2d\x2f-\x5b\x5d-\x7e]|\\d|\\[^\w])$/.test(written)
  const set = { ascii, beyond: !listed }
  sets.set(key, set)
  return set
}
