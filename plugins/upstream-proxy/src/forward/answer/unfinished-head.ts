// Can the bytes received so far still become a valid head? If not, the answer is refused at once, without waiting for the rest.
import { areFields } from '../../headers/header-lines.ts'
import { isStatusLine } from './answer-head.ts'

const START = 'HTTP/1.'
// The last line may be incomplete, and end between CR and LF.
const UNFINISHED_LINE = /^[\t\x20-\x7e\x80-\xff]*\r?$/

/** True where `text`, a head without its empty line, is valid so far: each complete line, and the part of the last one that has arrived. */
export function mayBecomeHead (text: string): boolean {
  if (!START.startsWith(text.slice(0, START.length))) return false
  const first = text.indexOf('\r\n')
  if (first === -1) return UNFINISHED_LINE.test(text)
  const last = text.lastIndexOf('\r\n') + 2
  return isStatusLine(text.slice(0, first)) && areFields(text.slice(first + 2, last)) && UNFINISHED_LINE.test(text.slice(last))
}
