// Can what has come of an answer's head still become one? Nobody waits for the rest of what cannot.
import { areFields, isStatusLine } from './answer-head.ts'

const START = 'HTTP/1.'
// The last line may be any part of one, and end inside its CRLF.
const UNFINISHED_LINE = /^[\t\x20-\x7e\x80-\xff]*\r?$/

/** True where `text`, the head without its empty line, is valid as far as it goes: each whole line, and what there is of the last. */
export function mayBecomeHead (text: string): boolean {
  if (!START.startsWith(text.slice(0, START.length))) return false
  const first = text.indexOf('\r\n')
  if (first === -1) return UNFINISHED_LINE.test(text)
  const last = text.lastIndexOf('\r\n') + 2
  return isStatusLine(text.slice(0, first)) && areFields(text.slice(first + 2, last)) && UNFINISHED_LINE.test(text.slice(last))
}
