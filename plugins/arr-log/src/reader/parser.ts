// Which exchange does each line of a log hold?
import { isLine, readColumns, type Line } from './columns.ts'

/** Reads one log. `#Fields` may change at any line: IIS writes it each time it opens a file. */
export interface Parser {
  /** The exchange of a line; null for directives, empty lines and lines that cannot be read. */
  parse (line: string): Line | null
  /** Lines that could not be read. */
  readonly unread: number
}

/** For W3C files, those of IIS included, and for JSON lines: this package's own, or a pino log with its entries. */
export function createParser (): Parser {
  let columns: readonly string[] = []
  let unread = 0
  return {
    parse (line) {
      const text = line.trimEnd()
      if (text === '') return null
      if (text.startsWith('#')) {
        if (text.startsWith('#Fields:')) columns = text.slice(8).trim().split(/\s+/)
        return null
      }
      if (text.startsWith('{')) {
        const told = readJson(text)
        if (told === undefined) unread++
        return told ?? null
      }
      const told = readColumns(columns, text)
      if (told === null) unread++
      return told
    },
    get unread () { return unread }
  }
}

/** Null for an entry without an exchange, undefined for a line that is not a valid entry. */
function readJson (text: string): Line | null | undefined {
  try {
    const entry = JSON.parse(text)
    if (typeof entry.exchange?.status === 'number') return isLine(entry.exchange) ? entry.exchange : undefined
    if (typeof entry.status !== 'number' || typeof entry.timeTaken !== 'number') return null
    const { time, ...exchange } = entry
    const told = { endedAt: Date.parse(time), ...exchange }
    return isLine(told) ? told : undefined
  } catch {
    return undefined
  }
}
