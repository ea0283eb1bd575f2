// What have all workers counted together? Counts are added second by second; of times the distributions are, and never their percentiles.
import type { NowPart } from '../../gathering/gather.ts'
import { NAMES } from '../../gathering/chart.ts'
import { topOf } from '../../gathering/recent-counts.ts'
import { Spread } from '../../gathering/spread.ts'
import type { ChartPart, HistoryPart } from '../../gathering/timeline.ts'
import type { Columns, HistoryView, NowView, Point } from '../../messages/index.ts'
import type { Latest } from './merge.ts'

const COUNTS = ['requests', 'handshakes', 'closed', 'received', 'sent', 'open', 'clientErrors', 'serverErrors'] as const satisfies ReadonlyArray<keyof Point>
const SECONDS = 300
const MINUTES = 1440
/** A worker that is further behind, ms, is not waited for: it hangs. */
const BEHIND = 2_500

/** The last second that all have closed; `first` is told where none has closed one. */
export function mergeNow (latest: ReadonlyArray<Latest<NowPart>>, first: () => Point): NowView {
  const parts = latest.map(({ part }) => part)
  const charts = parts.map(({ last }) => last)
  return {
    point: addCharts(charts, closedByAll(charts), 1)[0] ?? first(),
    inFlight: parts.reduce((sum, { inFlight }) => sum + inFlight, 0),
    errors: addNames(parts.map(({ errors }) => errors)),
    closes: addNames(parts.map(({ closes }) => closes))
  }
}

export function mergeHistory (parts: readonly HistoryPart[]): HistoryView {
  const seconds = parts.map(part => part.seconds)
  return {
    seconds: columnsOf(addCharts(seconds, closedByAll(seconds), SECONDS)),
    minutes: columnsOf(addCharts(parts.map(part => part.minutes), Infinity, MINUTES))
  }
}

const NOTHING: Point = { at: 0, requests: 0, handshakes: 0, closed: 0, received: 0, sent: 0, open: 0, p50: null, p95: null, p99: null, clientErrors: 0, serverErrors: 0 }

function closedByAll (charts: readonly ChartPart[]): number {
  const lasts = charts.flatMap(({ columns }) => columns.at.slice(-1))
  const newest = Math.max(...lasts)
  return Math.min(...lasts.filter(at => at > newest - BEHIND))
}

/** The last `most` points until `last`, the oldest first. */
function addCharts (charts: readonly ChartPart[], last: number, most: number): Point[] {
  const ats = [...new Set(charts.flatMap(({ columns }) => columns.at))].filter(at => at <= last).sort((one, other) => one - other).slice(-most)
  const sums = new Map(ats.map(at => [at, { point: { ...NOTHING, at }, times: null as Spread | null }]))
  for (const { columns, times } of charts) {
    for (const [index, at] of columns.at.entries()) {
      const sum = sums.get(at)
      if (sum === undefined) continue
      for (const name of COUNTS) (sum.point as Record<keyof Point, number>)[name] += columns[name][index] ?? 0
      const pairs = times[index] ?? []
      if (pairs.length > 0) (sum.times ??= new Spread()).addSparse(pairs)
    }
  }
  return [...sums.values()].map(({ point, times }) => times === null ? point : { ...point, p50: times.quantile(0.5), p95: times.quantile(0.95), p99: times.quantile(0.99) })
}

function columnsOf (points: readonly Point[]): Columns {
  return Object.fromEntries(NAMES.map(name => [name, points.map(point => point[name])])) as unknown as Columns
}

function addNames (lists: ReadonlyArray<NowView['errors']>): NowView['errors'] {
  const sums = new Map<string, number>()
  for (const { name, count } of lists.flat()) sums.set(name, (sums.get(name) ?? 0) + count)
  return topOf([...sums].map(([name, count]) => ({ name, count })))
}
