// What do many lines amount to?
import { plain, type Paint } from './colour.ts'
import { escape } from '../format/escape.ts'
import { duration } from './readable.ts'
import type { Line } from './columns.ts'
import { createSpread, type Spread } from './spread.ts'

export interface Summary {
  readonly requests: number
  readonly first: string | null
  readonly last: string | null
  readonly statuses: Readonly<Record<string, number>>
  /** Counts by sc-win32-status, without 0. */
  readonly win32: Readonly<Record<string, number>>
  readonly bytesSent: number
  readonly bytesReceived: number
  /** time-taken of everything but WebSockets: a WebSocket's lifetime is not a response time. */
  readonly times: Spread
  readonly webSockets: Spread & {
    /** By close code; `none` where no Close frame was sent. */
    readonly closeCodes: Readonly<Record<string, number>>
    readonly closedBy: Readonly<Record<string, number>>
  }
}

export interface Summing {
  add (line: Line): void
  result (): Summary
}

export function createSummary (): Summing {
  const statuses = new Map<number, number>()
  const win32 = new Map<number, number>()
  const closeCodes = new Map<string | number, number>()
  const closedBy = new Map<string, number>()
  const times = createSpread()
  const lives = createSpread()
  let requests = 0
  let first = Infinity
  let last = -Infinity
  let bytesSent = 0
  let bytesReceived = 0

  return {
    add (line) {
      // The WebSocket's end has a line of its own.
      if (line.event === 'open') return
      requests++
      first = Math.min(first, line.endedAt)
      last = Math.max(last, line.endedAt)
      count(statuses, line.status)
      if ((line.win32Status ?? 0) !== 0) count(win32, line.win32Status!)
      bytesSent += line.bytesSent ?? 0
      bytesReceived += line.bytesReceived ?? 0
      const { timeTaken, websocket } = line
      if (line.status !== 101) {
        if (typeof timeTaken === 'number') times.add(timeTaken)
        return
      }
      if (typeof timeTaken === 'number') lives.add(timeTaken)
      if (websocket?.closeCode !== undefined) count(closeCodes, websocket.closeCode ?? 'none')
      if (typeof websocket?.closedBy === 'string') count(closedBy, websocket.closedBy)
    },
    result: () => ({
      requests,
      first: requests === 0 ? null : new Date(first).toISOString(),
      last: requests === 0 ? null : new Date(last).toISOString(),
      statuses: sorted(statuses),
      win32: sorted(win32),
      bytesSent,
      bytesReceived,
      times: times.result(),
      webSockets: { ...lives.result(), closeCodes: sorted(closeCodes), closedBy: sorted(closedBy) }
    })
  }
}

/** The summary as text for a terminal. */
export function showSummary (summary: Summary, paint: Paint = plain): string {
  const { requests, first, last, times, webSockets } = summary
  const lines = [
    `${paint('bold', String(requests))} exchanges${first === null ? '' : `, ${first.slice(0, 19).replace('T', ' ')} to ${last!.slice(0, 19).replace('T', ' ')} UTC`}`,
    row('status', listed(summary.statuses)),
    row('win32', listed(summary.win32)),
    row('bytes', `${summary.bytesSent} sent, ${summary.bytesReceived} received`),
    row('HTTP', spread(times)),
    row('WebSockets', spread(webSockets)),
    row('  closed with', listed(webSockets.closeCodes)),
    row('  closed by', listed(webSockets.closedBy))
  ]
  return lines.filter(line => line !== '').join('\n')
}

function count<K> (counts: Map<K, number>, key: K): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}

function sorted (counts: Map<string | number, number>): Record<string, number> {
  return Object.fromEntries([...counts].sort(([, a], [, b]) => b - a))
}

function listed (counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts).sort(([, a], [, b]) => b - a).map(([name, times]) => `${escape(name)}: ${times}`).join('   ')
}

function spread ({ count, p50, p90, p99, max }: Spread): string {
  return count === 0 ? '' : `${count}   half within ${duration(p50)}, 90 % within ${duration(p90)}, 99 % within ${duration(p99)}, longest ${duration(max)}`
}

function row (name: string, text: string): string {
  return text === '' ? '' : `${name.padEnd(14)} ${text}`
}
