// What did the upstream answer? Its status line and headers are parsed strictly: anything but valid HTTP/1.x is refused.

import { areFields, cutFields } from '../../headers/header-lines.ts'

/** The head of an answer. Headers are names and values in turn, with case, order and repetition as received. */
export interface AnswerHead {
  readonly status: number
  readonly reason: string
  readonly headers: string[]
}

const STATUS_LINE = /^HTTP\/1\.[01] ([1-9]\d\d)(?: ([\t\x20-\x7e\x80-\xff]*))?$/

/** The index after the head's empty line, or -1. */
export function endOfHead (bytes: Buffer, from = 0): number {
  const at = bytes.indexOf('\r\n\r\n', from, 'latin1')
  return at === -1 ? -1 : at + 4
}

/** Parses a head that ends at `end`, after its empty line. Null where it is not strictly valid. */
export function readHead (bytes: Buffer, end: number): AnswerHead | null {
  const text = bytes.toString('latin1', 0, end - 2)
  const lineEnd = text.indexOf('\r\n')
  const line = STATUS_LINE.exec(text.slice(0, lineEnd))
  const fields = text.slice(lineEnd + 2)
  if (line === null || !areFields(fields)) return null
  return { status: Number(line[1]), reason: line[2] ?? '', headers: cutFields(fields) }
}

/** All values of a header, joined as one list; null where it is absent. */
export function valueOf (headers: readonly string[], name: string): string | null {
  let value: string | null = null
  for (let i = 0; i < headers.length; i += 2) {
    if ((headers[i] as string).length === name.length && (headers[i] as string).toLowerCase() === name) {
      value = value === null ? headers[i + 1] as string : `${value}, ${headers[i + 1] as string}`
    }
  }
  return value
}

/** The protocol that a 101 switches to, in lower case; null where it is none of those offered (RFC 9110 §7.8, RFC 6455 §4.1, points 2 and 3). */
export function switchesTo (head: AnswerHead, offered: readonly string[]): string | null {
  const protocol = valueOf(head.headers, 'upgrade')?.toLowerCase()
  const switches = (valueOf(head.headers, 'connection') ?? '').split(',').some(token => token.trim().toLowerCase() === 'upgrade')
  return protocol !== undefined && switches && offered.some(one => one.toLowerCase() === protocol) ? protocol : null
}
