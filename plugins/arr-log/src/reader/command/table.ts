// How are rows of figures shown on a terminal?
import { escape } from '../../format/escape.ts'
import type { Paint } from '../show/colour.ts'
import type { Column } from '../questions/chart.ts'
import type { Group } from '../questions/groups.ts'
import { duration } from '../show/readable.ts'

const BAR = 30

/** The groups as a table: the values, count, share with a bar, times and bytes. */
export function groupTable (names: readonly string[], groups: readonly Group[], hidden: number, paint: Paint): string {
  const most = groups[0]?.count ?? 0
  const rows = groups.map(({ by, count, share, p50, p95, p99, bytes }) => [
    ...names.map(name => by[name] === null || by[name] === undefined ? '-' : escape(by[name])),
    String(count), `${(share * 100).toFixed(1)} %`, duration(p50), duration(p95), duration(p99), bytes === null ? '-' : sized(bytes), bar(count, most)
  ])
  const head = [...names, 'count', 'share', 'p50', 'p95', 'p99', 'bytes', '']
  return [...aligned([head, ...rows], names.length, paint), ...hidden > 0 ? [`… and ${hidden} more: --top ${groups.length + hidden}`] : []].join('\n')
}

/** The columns of a chart, each a row with a bar. */
export function chartTable (columns: readonly Column[], clock: (at: number) => string, paint: Paint): string {
  const most = columns.reduce((max, { count }) => Math.max(max, count), 0)
  const rows = columns.map(({ from, count, errors, webSockets }) => [clock(Date.parse(from)), String(count), String(errors), String(webSockets), bar(count, most)])
  return aligned([['from', 'count', '5xx', '101', ''], ...rows], 1, paint).join('\n')
}

/** The first `texts` columns to the left, the others, but for the last, to the right. */
function aligned (rows: readonly string[][], texts: number, paint: Paint): string[] {
  const widths = (rows[0] ?? []).map((_, column) => rows.reduce((width, row) => Math.max(width, (row[column] as string).length), 0))
  return rows.map((row, index) => {
    const cells = row.map((cell, column) => column === row.length - 1 ? cell : column < texts ? cell.padEnd(widths[column] as number) : cell.padStart(widths[column] as number))
    const line = cells.join('  ').trimEnd()
    return index === 0 ? paint('dim', line) : line
  })
}

function bar (count: number, most: number): string {
  return most === 0 ? '' : '█'.repeat(Math.round(count / most * BAR))
}

function sized (bytes: number): string {
  let size = bytes
  for (const unit of ['B', 'KiB', 'MiB', 'GiB']) {
    if (size < 1024) return `${unit === 'B' ? size : size.toFixed(1)} ${unit}`
    size /= 1024
  }
  return `${size.toFixed(1)} TiB`
}
