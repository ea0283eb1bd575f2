// Which characters may a field of a log line hold, and which a text on a terminal?

// Controls (terminals interpret C1 as well), format characters (bidi, zero-width, tags), lone surrogates, line and paragraph separators.
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu
const UNSAFE_OR_SPACE = new RegExp(`${UNSAFE.source}|\\p{Z}`, 'gu')
const UNSAFE_IN_LINES = new RegExp(`(?![\\t\\n])${UNSAFE.source}`, 'gu')
const PRINTABLE_ASCII = /^[\x20-\x7e]*$/
const PLAIN = /^[\x21-\x7e]*$/
// eslint-disable-next-line no-control-regex
const ASCII_UNPRINTABLE = /[\x00-\x20\x7f]/g
// eslint-disable-next-line no-control-regex
const ASCII = /^[\x00-\x7f]*$/
const LATIN1_HIGH = /[\x80-\xff]/
const BEYOND_LATIN1 = /[^\x00-\xff]/ // eslint-disable-line no-control-regex

const utf8 = new TextDecoder('utf-8', { fatal: true })

// Nearly all values with spaces are user agents, and a server receives the same few repeatedly: their escaped form is cached.
const CACHED = 500
const CACHED_LENGTH = 512
const cache = new Map<string, string>()

/**
 * The text of one field: every space, tab, line break and other unprintable character becomes `+`, and a missing or
 * empty value becomes `-` (W3C Logging, win32 documentation). No value can end its field or its line. The original
 * cannot be restored: a literal `+` stays `+`.
 */
export function escape (value: string | null | undefined): string {
  if (value === null || value === undefined || value === '') return '-'
  if (PLAIN.test(value)) return value
  const cached = cache.get(value)
  if (cached !== undefined) return cached
  const escaped = ASCII.test(value) ? value.replace(ASCII_UNPRINTABLE, '+') : decode(value).replace(UNSAFE_OR_SPACE, '+')
  if (value.length <= CACHED_LENGTH) {
    if (cache.size >= CACHED) cache.clear()
    cache.set(value, escaped)
  }
  return escaped
}

/**
 * A header's value as its sender wrote it. Node decodes header bytes as latin1, while most senders write UTF-8 and the
 * log is UTF-8 (`logInUTF8`): bytes that are valid UTF-8 are decoded as such, all others stay latin1.
 */
export function decode (value: string): string {
  if (!LATIN1_HIGH.test(value) || BEYOND_LATIN1.test(value)) return value
  try {
    return utf8.decode(Buffer.from(value, 'latin1'))
  } catch {
    return value
  }
}

/** Replaces each unsafe character except spaces by an escape: `\u202e`, or `\x1b` where `short`. JSON stays JSON of the same value. */
export function printable (text: string, short = false): string {
  if (PRINTABLE_ASCII.test(text)) return text
  return text.replace(UNSAFE, characters => {
    let escaped = ''
    // A surrogate pair becomes two escapes.
    for (let i = 0; i < characters.length; i++) {
      const code = characters.charCodeAt(i)
      escaped += short && code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`
    }
    return escaped
  })
}

/** A text of several lines without the characters that a terminal interprets or hides. */
export function harmless (text: string): string {
  return text.replace(UNSAFE_IN_LINES, '')
}

/** A value as JSON on one line that is safe to show on a terminal. */
export function jsonLine (value: unknown): string {
  return printable(JSON.stringify(value))
}

/** At most `limit` UTF-16 units of a text, without splitting a surrogate pair. */
export function truncate (value: string, limit: number): string {
  if (value.length <= limit) return value
  const last = value.charCodeAt(limit - 1)
  return value.slice(0, last >= 0xd800 && last <= 0xdbff ? limit - 1 : limit)
}
