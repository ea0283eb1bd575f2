// Which WebSockets are open? Those whose opening has a line and whose end has none, in a process that is still there.
import { startOf } from '../../format/writing-process.ts'
import type { Line } from '../columns.ts'
import { idOf } from '../rows/column-ids.ts'
import type { Row } from '../rows/row.ts'

const LOG_ID = /X-ARR-LOG-ID=([^&\s]+)/
const QUERY = idOf('cs-uri-query')
const REQUEST_ID = idOf('x-request-id')
const PROCESS = idOf('x-process')

/** Pairs the opening of each WebSocket with its end, by the log id that both lines have, or by the request's id and the process. */
export class StillOpen {
  readonly #open = new Map<string, Line>()
  /** Ends whose opening has not been read yet: files of several days are read in any order. */
  readonly #ended = new Set<string>()
  /** When each process has last given a sign of life, ms since the epoch. */
  readonly #signs = new Map<string, number>()

  /** To be called for every line, asked for or not: it says that its process was there. */
  seen (row: Row): void {
    const writer = row.text(PROCESS)
    if (writer !== null) this.alive(writer, row.at)
  }

  add (row: Row): void {
    if (row.status !== 101) return
    const id = idOfRow(row)
    if (id === null) return
    if (row.isOpening) {
      if (!this.#ended.delete(id)) this.#open.set(id, row.whole())
    } else if (!this.#open.delete(id)) this.#ended.add(id)
  }

  /** A process was there at this time. */
  alive (id: string, at: number): void {
    if (!(at <= (this.#signs.get(id) ?? -Infinity))) this.#signs.set(id, at)
  }

  /** The openings without an end, the oldest first; and how many more there are of processes that are gone. */
  result (): { readonly left: Line[], readonly gone: number } {
    const gone = this.#gone()
    const all = [...this.#open.values()]
    const left = all.filter(({ process }) => process === undefined || !gone.has(process))
    return { left: left.sort((a, b) => a.endedAt - b.endedAt), gone: all.length - left.length }
  }

  /** The processes of which nothing was heard since another one has started. One that lives has a line or a remark at least once a minute. Lines have whole seconds: one of the same second was before the start. */
  #gone (): ReadonlySet<string> {
    let lastStart = -Infinity
    for (const id of this.#signs.keys()) lastStart = Math.max(lastStart, startOf(id) ?? -Infinity)
    return new Set([...this.#signs].filter(([id, at]) => at <= lastStart && (startOf(id) ?? -Infinity) < lastStart).map(([id]) => id))
  }
}

function idOfRow (row: Row): string | null {
  const logId = LOG_ID.exec(row.text(QUERY) ?? '')?.[1] ?? row.whole().upstream?.logId
  if (logId !== undefined && logId !== null) return logId
  // A request's id begins anew at each start.
  const requestId = row.text(REQUEST_ID)
  const writer = row.text(PROCESS)
  return requestId === null || writer === null ? requestId : `${writer} ${requestId}`
}
