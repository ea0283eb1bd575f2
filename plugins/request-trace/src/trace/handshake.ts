// What became of the headers on their way? The four lists of an exchange, and how two of them differ.
import type { EventName } from './events.ts'
import type { Trace, Value } from './trace.ts'

/** One line of a list of headers. */
export interface HeaderLine {
  readonly name: string
  readonly value: string
}

/** The lists of one exchange, each as it was on the wire; null where there was none, or none was recorded. */
export interface Handshake {
  /** As the client has sent it. */
  readonly received: readonly HeaderLine[] | null
  /** As the last attempt has sent it to the upstream. */
  readonly sent: readonly HeaderLine[] | null
  /** As the upstream has answered. */
  readonly answered: readonly HeaderLine[] | null
  /** As it left for the client. */
  readonly passedOn: readonly HeaderLine[] | null
}

export type HeaderChange = 'same' | 'added' | 'removed' | 'changed'

/** One name in two lists. */
export interface HeaderDifference {
  /** As it is spelt first; names are compared without case. */
  readonly name: string
  /** Its values, in their order. */
  readonly before: readonly string[]
  readonly after: readonly string[]
  readonly change: HeaderChange
}

/** The lists of a trace; of several attempts, those of the last one that has them. */
export function handshakeOf (trace: Trace): Handshake {
  const list = (name: EventName): readonly HeaderLine[] | null => {
    const event = trace.events.findLast(one => one.name === name && one.data.Headers !== undefined)
    return event === undefined ? null : headerLines(event.data.Headers)
  }
  return {
    received: list('GENERAL_REQUEST_HEADERS'),
    sent: list('ARR_REQUEST_HEADERS_START'),
    answered: list('ARR_RESPONSE_HEADERS_END'),
    passedOn: list('GENERAL_RESPONSE_HEADERS')
  }
}

/** The headers in a text of `Name: value` lines. A line without a colon, such as a request line, is passed by; a folded one belongs to the line before. */
export function headerLines (text: Value | undefined): HeaderLine[] {
  const lines: HeaderLine[] = []
  for (const line of String(text ?? '').split(/\r?\n/)) {
    const [, name, value] = /^([^\s:]+):[ \t]*(.*)$/s.exec(line) ?? []
    const last = lines.at(-1)
    if (name !== undefined) lines.push({ name, value: value ?? '' })
    else if (/^[ \t]+\S/.test(line) && last !== undefined) lines[lines.length - 1] = { name: last.name, value: `${last.value} ${line.trim()}` }
  }
  return lines
}

/** The value of the first header of this name, in any case. */
export function headerValue (lines: readonly HeaderLine[] | null, name: string): string | undefined {
  return lines?.find(line => line.name.toLowerCase() === name.toLowerCase())?.value
}

/**
 * How two lists differ, a row for each name: those of the first list in its order, then those that only the second has in its order.
 * A name is `changed` where its values differ, or their number or order.
 */
export function headerDifferences (before: readonly HeaderLine[], after: readonly HeaderLine[]): HeaderDifference[] {
  const first = grouped(before)
  const second = grouped(after)
  return [...new Set([...first.keys(), ...second.keys()])].map(key => {
    const had = first.get(key)
    const has = second.get(key)
    return {
      name: (had ?? has)?.name ?? key,
      before: had?.values ?? [],
      after: has?.values ?? [],
      change: had === undefined ? 'added' : has === undefined ? 'removed' : alike(had.values, has.values) ? 'same' : 'changed'
    }
  })
}

/** By lower-case name, in the order of their first lines. */
function grouped (lines: readonly HeaderLine[]): Map<string, { name: string, values: string[] }> {
  const groups = new Map<string, { name: string, values: string[] }>()
  for (const { name, value } of lines) {
    const group = groups.get(name.toLowerCase())
    if (group === undefined) groups.set(name.toLowerCase(), { name, values: [value] })
    else group.values.push(value)
  }
  return groups
}

function alike (a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((value, at) => value === b[at])
}
