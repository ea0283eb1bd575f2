// Which exchanges does a log tell, line by line, as it comes?
import { isLine, readColumns, type Line } from './columns.ts'

/** Reads one log; a new `#Fields` may come at any line, as IIS writes it whenever it opens a file. */
export interface Parser {
  /** The exchange a line tells; null for directives, empty lines and what can't be read. */
  parse (line: string): Line | null
  /** Lines that could not be read. */
  readonly unread: number
}

/** For W3C files (IIS's own too), and for JSON lines: this package's, or a pino log with its entries in it. */
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

/** Null for an entry that is no exchange, undefined for what is no entry. */
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
