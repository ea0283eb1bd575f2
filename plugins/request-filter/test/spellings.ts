// Spellings of one path: what a client may write so that some server reads that path.
import fc from 'fast-check'

const hex = (code: number): string => code.toString(16).padStart(2, '0')
const percent = (text: string): string => [...new TextEncoder().encode(text)].map(byte => `%${hex(byte)}`).join('')

/** A character as it is, in the other case, or encoded, once or several times, also as old and lenient servers read it. */
function letter (character: string): fc.Arbitrary<string> {
  const upper = character.toUpperCase()
  const code = character.charCodeAt(0)
  const wide = String.fromCharCode(code + 0xfee0)
  return fc.constantFrom(
    character, character, character, upper, percent(character), percent(upper).toUpperCase(),
    percent(character).replaceAll('%', '%25'), percent(character).replaceAll('%', '%2525'),
    `%25u${code.toString(16).padStart(4, '0')}`, `%u${code.toString(16).padStart(4, '0')}`,
    // Overlong UTF-8.
    `%${hex(0xc0 | (code >> 6))}%${hex(0x80 | (code & 0x3f))}`,
    `%25e0%25${hex(0x80 | (code >> 6))}%25${hex(0x80 | (code & 0x3f))}`,
    percent(wide)
  )
}

const dot = fc.constantFrom('.', '%2e', '%2E', '%252e', '%c0%ae')
const dots = fc.tuple(dot, dot).map(two => two.join(''))
const separator = fc.constantFrom('/', '/', '/', '\\', '%2f', '%5C', '%252f', '%255c', '%c0%af')
const separators = fc.array(separator, { minLength: 1, maxLength: 3 }).map(list => list.join(''))
/** What some servers cut off a segment. */
const tail = fc.constantFrom('', '', '', '', ';', ';v=1', '.', '%20', '%2e%20', '::$DATA', ':$I30:$INDEX_ALLOCATION')
const detour = fc.oneof(
  fc.tuple(dot, separators),
  fc.tuple(fc.constantFrom('x', 'public', 'a%20b', '...', '%2f%2f'), separators, dots, separators)
).map(parts => parts.join(''))
const detours = fc.oneof(fc.constant(''), fc.constant(''), detour)
/** What stands before the path: the last three are a host to readers that follow the WHATWG's URL. */
const front = fc.constantFrom('', '', '', 'http://localhost', 'HTTPS://localhost:8443', '//host', '/\\host', 'http://localhost//host')
const behind = fc.constantFrom('', '', '?', '?a=/../b')

/** Any spelling of a path of letters. */
export function spellings (path: string): fc.Arbitrary<string> {
  const segments = path.split('/').slice(1).map(segment => fc.tuple(detours, fc.tuple(...Array.from(segment, letter)).map(letters => letters.join('')), tail).map(parts => parts.join('')))
  const rest = segments.slice(1).map(segment => fc.tuple(separators, segment).map(parts => parts.join('')))
  return fc.tuple(front, fc.constant('/'), fc.oneof(fc.constant(''), separators), segments[0]!, ...rest, behind).map(parts => parts.join(''))
}

/** Any path at all. */
export const anyPath: fc.Arbitrary<string> = fc.string({
  unit: fc.constantFrom('a', 'b', '/', '//', '\\', '.', '..', '/..', '/../', '%2F', '%5c', '%2e', '%2E%2e', ';', '%252f', '%', '%zz', '\u00e9', '%C3%A9', '%FF', '%20', '%00', '#', ':', '+', '%u0041', '%c0%af')
}).map(text => `/${text}`)
