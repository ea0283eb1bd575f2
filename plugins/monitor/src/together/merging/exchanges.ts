// Which exchanges have come from all workers since the last time?
import type { ExchangeRow, ExchangesView, RowWorker } from '../../messages/index.ts'
import type { Merge } from './merge.ts'

/** Rows that wait to be read. */
const MOST = 1_000

export function mergeExchanges (): Merge {
  let rows: ExchangeRow[] = []
  let skipped = 0
  return {
    take (all) {
      for (const { number, pid, parts } of all) {
        for (const part of parts as ExchangesView[]) {
          skipped += part.skipped
          for (const row of part.rows) rows.push(ofWorker(row, { number, pid }))
        }
      }
      if (rows.length <= MOST) return
      rows.sort((one, other) => one.at - other.at)
      skipped += rows.length - MOST
      rows = rows.slice(-MOST)
    },
    read (): ExchangesView {
      const view = { rows: rows.sort((one, other) => one.at - other.at), skipped }
      rows = []
      skipped = 0
      return view
    }
  }
}

/** Numbers of exchanges are those of one process. */
export function ofWorker (row: ExchangeRow, worker: RowWorker): ExchangeRow {
  return { ...row, id: `${worker.pid}.${row.id}`, worker }
}

/** What `ofWorker` has made an id of; null for another one. */
export function placeOf (id: string): { readonly pid: number, readonly id: string } | null {
  const [, pid, rest] = /^(\d{1,10})\.(.+)$/.exec(id) ?? []
  return rest === undefined ? null : { pid: Number(pid), id: rest }
}
