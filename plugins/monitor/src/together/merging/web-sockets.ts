// Which are the first of all open WebSockets, whichever workers they are in?
import type { WebSocketOrder, WebSocketQuestion, WebSocketRow, WebSocketsView } from '../../messages/index.ts'
import type { Latest } from './merge.ts'

const KEYS: Readonly<Record<WebSocketOrder, (row: WebSocketRow) => number | string>> = {
  since: row => row.since,
  silence: row => row.silence,
  client: row => row.client,
  site: row => row.site ?? '',
  upstream: row => row.upstream,
  received: row => row.received.bytes,
  sent: row => row.sent.bytes,
  messages: row => row.received.messages + row.sent.messages
}

/** Each worker has told its first ones: the first of all are among them. */
export function mergeWebSockets (latest: ReadonlyArray<Latest<WebSocketsView>>, { sort, descending, limit }: WebSocketQuestion): WebSocketsView {
  const rows = new Map<string, WebSocketRow>()
  let twice = 0
  // One that moves may have been counted in both: it is where it went to.
  for (const { worker, part } of [...latest].sort((one, other) => one.generation - other.generation)) {
    for (const row of part.rows) {
      if (rows.has(row.id)) twice++
      rows.set(row.id, { ...row, worker })
    }
  }
  const keyOf = KEYS[sort]
  const sign = descending ? -1 : 1
  const sorted = [...rows.values()].sort((one, other) => {
    const [a, b] = [keyOf(one), keyOf(other)]
    return a < b ? -sign : a > b ? sign : one.since - other.since || (one.id < other.id ? -1 : 1)
  })
  return {
    open: sum(latest, ({ open }) => open) - twice,
    matching: sum(latest, ({ matching }) => matching) - twice,
    rows: sorted.slice(0, limit)
  }
}

function sum (latest: ReadonlyArray<Latest<WebSocketsView>>, of: (view: WebSocketsView) => number): number {
  return latest.reduce((total, { part }) => total + of(part), 0)
}
