// `<failureDefinitions>`: when is a trace written?
import type { TraceRule } from '../config/trace-options.ts'
import { differs, readAttributes, type AttributeTable } from '../reading/attribute-table.ts'
import type { Reading } from '../reading/reading.ts'
import type { XmlElement } from '../xml/element.ts'

/** The options that the element becomes; none of them for a rule that traces nothing. */
export type Triggers = Pick<TraceRule, 'statusCodes' | 'timeTaken' | 'verbosity'>

const ONE = /^[1-9]\d\d(?:\.\d{1,3})?$/
const RANGE = /^([1-9]\d\d)-([1-9]\d\d)$/
/** IIS takes codes up to 999, and no answer has them. */
const LAST = 599

const WORSE = { Ignore: null, CriticalError: 'CriticalError', Error: 'Error', Warning: 'Warning', 0: null, 1: 'CriticalError', 2: 'Error', 3: 'Warning' } as const

const TABLE = {
  statusCodes: (reading, element, name, triggers) => {
    const words = (reading.text(element, name) ?? '').split(',').map(word => word.trim()).filter(word => word !== '')
    const wrong = words.filter(word => !ONE.test(word) && !isRange(word))
    if (wrong.length > 0) reading.loses(element.attributes.get(name), `${wrong.join(', ')}: no status or range of statuses`)
    const codes = words.filter(word => !wrong.includes(word)).flatMap(word => upToLast(word))
    if (codes.length > 0) triggers.statusCodes = codes.join(',')
  },
  timeTaken: (reading, element, name, triggers) => {
    const ms = Math.round(reading.duration(element, name) ?? 0)
    if (ms === 0) return
    triggers.timeTaken = ms
    reading.differs(element.attributes.get(name), 'of a WebSocket it is the time of its handshake')
  },
  verbosity: (reading, element, name, triggers) => {
    const level = reading.word(element, name, WORSE)
    if (level) triggers.verbosity = level
  },
  traceAllAfterTimeout: differs('a trace has all events, those after the time as well', ['false', '0'])
} as const satisfies AttributeTable<Triggers>

/** Reads the element of a rule. */
export function readTriggers (reading: Reading, rule: XmlElement): Triggers {
  const triggers: Triggers = {}
  for (const element of rule.children.filter(({ name }) => name === 'failureDefinitions')) readAttributes<Triggers>(reading, element, TABLE, triggers)
  return triggers
}

function isRange (word: string): boolean {
  const [, from, to] = RANGE.exec(word) ?? []
  return from !== undefined && Number(from) <= Number(to)
}

function upToLast (word: string): string[] {
  const [, from, to] = RANGE.exec(word) ?? []
  if (Math.floor(Number(from ?? word)) > LAST) return []
  return [from === undefined || Number(to) <= LAST ? word : `${from}-${LAST}`]
}
