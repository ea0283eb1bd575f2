// How are the header lines of a head read? Checked as a whole first, then cut into names and values.
import type { RawHeaders } from './raw-headers.ts'

// It matches no bare CR or LF, no NUL, no folded line, and no space before the colon.
const FIELDS = /^(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*\r\n)*$/

/** True where `text` is a list of header lines, each ended by CRLF. */
export function areFields (text: string): boolean {
  return FIELDS.test(text)
}

/** Splits checked header lines into names and values. */
export function cutFields (text: string): RawHeaders {
  const fields: RawHeaders = []
  for (let at = 0; at < text.length;) {
    const colon = text.indexOf(':', at)
    const end = text.indexOf('\r\n', colon)
    fields.push(text.slice(at, colon), trimmed(text, colon + 1, end))
    at = end + 2
  }
  return fields
}

/** The part of `text` without the blanks around it. */
export function trimmed (text: string, from: number, to: number): string {
  while (from < to && isBlank(text.charCodeAt(from))) from++
  while (to > from && isBlank(text.charCodeAt(to - 1))) to--
  return text.slice(from, to)
}

function isBlank (code: number): boolean {
  return code === 0x20 || code === 0x09
}
