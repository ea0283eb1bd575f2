// Which WebSockets are open? Those whose opening has a line and whose end has none.
import type { Line } from '../columns.ts'
import { idOf } from '../rows/column-ids.ts'
import type { Row } from '../rows/row.ts'

const LOG_ID = /X-ARR-LOG-ID=([^&\s]+)/
const QUERY = idOf('cs-uri-query')
const REQUEST_ID = idOf('x-request-id')

/** Pairs the opening of each WebSocket with its end, by the log id that both lines have, or by the request's id. */
export class StillOpen {
  readonly #open = new Map<string, Line>()
  /** Ends whose opening has not been read yet: files of several days are read in any order. */
  readonly #ended = new Set<string>()

  add (row: Row): void {
    if (row.status !== 101) return
    const id = idOfRow(row)
    if (id === null) return
    if (row.isOpening) {
      if (!this.#ended.delete(id)) this.#open.set(id, row.whole())
    } else if (!this.#open.delete(id)) this.#ended.add(id)
  }

  /** The openings without an end, the oldest first. */
  result (): Line[] {
    return [...this.#open.values()].sort((a, b) => a.endedAt - b.endedAt)
  }
}

function idOfRow (row: Row): string | null {
  return LOG_ID.exec(row.text(QUERY) ?? '')?.[1] ?? row.whole().upstream?.logId ?? row.text(REQUEST_ID)
}
