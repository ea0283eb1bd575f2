// The list of traces, and how many findings there are of each code.
import { duration } from '../../diagnosis/story/duration.ts'
import { FINDINGS, type FindingCode } from '../../diagnosis/findings.ts'
import { paintSeverity, paintStatus, type Colors } from '../telling/paint.ts'
import { clock, printable, shortened } from '../telling/terminal.ts'
import { rowOf } from './row.ts'
import type { TraceFile } from './trace-files.ts'

/** Widths of what stands before and behind the URL. */
const BESIDES = 92
const LEAST_URL = 20

/** A line for each trace. */
export function listLines (files: readonly TraceFile[], colours: Colors, width: number | null, utc: boolean): string[] {
  const rows = files.map(file => ({ file, row: rowOf(file) }))
  const room = width === null ? Infinity : Math.max(LEAST_URL, width - BESIDES)
  const urls = rows.map(({ row }) => shortened(printable(row.url), room))
  const ids = Math.max(8, ...rows.map(({ row }) => row.id.length))
  const wide = Math.max(3, ...urls.map(url => url.length))
  return rows.map(({ file, row }, index) => {
    const worst = file.findings[0]
    const by = row.close === '' ? '' : `${row.close === 'none' ? 'no close' : row.close}${row.closedBy === '' ? '' : ` by ${row.closedBy}`}`
    const more = file.findings.length > 1 ? colours.dim(` +${file.findings.length - 1}`) : ''
    return [
      printable(row.id).padEnd(ids),
      colours.dim(clock(file.trace.beganAt, utc)),
      printable(row.method).padEnd(4),
      paintStatus(row.status, row.subStatus, colours),
      duration(row.timeTaken).padStart(8),
      (urls[index] ?? '').padEnd(wide),
      printable(by).padEnd(16),
      worst === undefined ? '' : `${paintSeverity(worst.severity, printable(worst.code), colours)}${more}`
    ].join('  ').trimEnd()
  })
}

export interface Count {
  readonly code: string
  readonly severity: string
  readonly count: number
  readonly means: string
  /** The newest trace that has it. */
  readonly newest: string
}

/** The codes of the findings, the most frequent first; a trace counts once for each. */
export function countFindings (files: readonly TraceFile[]): Count[] {
  const counts = new Map<string, Count>()
  for (const { trace, path, findings } of files) {
    for (const code of new Set(findings.map(one => one.code))) {
      const before = counts.get(code)
      const severity = findings.find(one => one.code === code)?.severity ?? 'information'
      const means = Object.hasOwn(FINDINGS, code) ? FINDINGS[code as FindingCode].means : ''
      counts.set(code, { code, severity, count: (before?.count ?? 0) + 1, means, newest: before?.newest ?? (trace.id === '' ? path : trace.id) })
    }
  }
  return [...counts.values()].sort((one, other) => other.count - one.count || (one.code < other.code ? -1 : 1))
}

export function countLines (counts: readonly Count[], traces: number, colours: Colors): string[] {
  const wide = Math.max(7, ...counts.map(({ code }) => code.length))
  return [
    ...counts.map(({ code, severity, count, means, newest }) => `${String(count).padStart(5)}  ${paintSeverity(severity as 'error', printable(code).padEnd(wide), colours)}  ${colours.dim(printable(newest))}  ${means}`),
    colours.dim(`${counts.length === 0 ? 'no findings' : ''}${counts.length === 0 ? ' in ' : '      in '}${traces} ${traces === 1 ? 'trace' : 'traces'}`)
  ]
}
