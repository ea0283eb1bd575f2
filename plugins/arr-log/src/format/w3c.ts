// How is an exchange written as a W3C Extended line, and what is in the file's header lines?
import { escape, truncate } from './escape.ts'
import type { Exchange } from '../exchange/exchange.ts'
import type { Format } from './format.ts'
import { FIELDS, FIELD_NAMES, type Field, type FieldValue, type ReadField } from './fields.ts'
import { stampOf } from './stamp.ts'

/** IIS's `maxLogLineLength` and the default of `maxCustomFieldLength`. */
export const MAX_LINE = 65_536
const MAX_CUSTOM_FIELD = 4_096

export interface W3cOptions {
  readonly fields: readonly Field[]
  /** The custom fields' names, in their order. */
  readonly custom: readonly string[]
  readonly maxCustomFieldLength?: number
  readonly software: string
}

/** Compiles the choice of columns. */
export function compileW3c (options: W3cOptions): Format {
  const { custom, maxCustomFieldLength = MAX_CUSTOM_FIELD, software } = options
  const chosen = new Set<string>(options.fields)
  const names = FIELD_NAMES.filter(name => chosen.has(name))
  const isStamped = names[0] === 'date' && names[1] === 'time'
  const own = isStamped ? names.slice(2) : names
  const readers = own.map(readerOf)
  const columns = [...names, ...custom].join(' ')
  // Most columns (method, version, addresses, status) have the value of the previous line: its text is reused, with the space before it.
  const spaces = own.map((_, i) => i === 0 && !isStamped ? '' : ' ')
  const before: FieldValue[] = own.map(() => undefined)
  const texts = spaces.map(space => `${space}-`)

  return { line, head: at => `#Software: ${software}\r\n#Version: 1.0\r\n#Date: ${stampOf(at).both}\r\n#Fields: ${columns}\r\n` }

  function line (exchange: Exchange): string {
    let text = isStamped ? stampOf(exchange.endedAt).both : ''
    for (let i = 0; i < readers.length; i++) {
      const value = readers[i]!(exchange)
      if (value !== before[i]) {
        before[i] = value
        texts[i] = spaces[i]! + fieldText(value)
      }
      text += texts[i]
    }
    for (const name of custom) {
      const value = exchange.custom?.[name] ?? exchange.hidden?.[name]
      text += (text === '' ? '' : ' ') + truncate(escape(value), maxCustomFieldLength)
    }
    // Readers take a line that begins with # for a directive. Only possible where `date` is not chosen.
    if (text.charCodeAt(0) === 0x23) text = `+${text.slice(1)}`
    return text.length > MAX_LINE ? fit(text.split(' ')) : text
  }
}

function readerOf (name: Field): ReadField {
  if (name === 'date') return ({ endedAt }) => stampOf(endedAt).date
  if (name === 'time') return ({ endedAt }) => stampOf(endedAt).time
  return FIELDS[name]
}

/** Shortens a line that is too long: all columns stay, the longest are cut. */
function fit (columns: readonly string[]): string {
  let room = MAX_LINE - (columns.length - 1)
  let left = columns.length
  for (const length of columns.map(column => column.length).sort((a, b) => a - b)) {
    if (length > Math.floor(room / left)) break
    room -= length
    left--
  }
  return columns.map(column => truncate(column, Math.floor(room / left))).join(' ')
}

function fieldText (value: FieldValue): string {
  return typeof value === 'number' ? String(value) : escape(value)
}
