// What do many lines amount to?
import { escape } from '../../format/escape.ts'
import { plain, type Paint } from '../show/colour.ts'
import { duration } from '../show/readable.ts'
import { ID } from '../rows/column-ids.ts'
import type { Row } from '../rows/row.ts'
import { Adding } from './adding.ts'
import { Spreading, type Spread } from './spread.ts'
import { isAttempt } from './values.ts'

export interface Summary {
  readonly requests: number
  readonly first: string | null
  readonly last: string | null
  readonly statuses: Readonly<Record<string, number>>
  /** Counts by sc-win32-status, without 0. */
  readonly win32: Readonly<Record<string, number>>
  /** Of the lines that say how many; null where none does. */
  readonly bytesSent: number | null
  readonly bytesReceived: number | null
  /** time-taken of everything but WebSockets: a WebSocket's lifetime is not a response time. */
  readonly times: Spread
  readonly webSockets: Spread & {
    /** By close code; `none` where no Close frame was sent. */
    readonly closeCodes: Readonly<Record<string, number>>
    readonly closedBy: Readonly<Record<string, number>>
    /** Requests for a WebSocket that got none, by status. */
    readonly refused: Readonly<Record<string, number>>
  }
}

/** Sums up lines. */
export class Summing {
  // Statuses have three digits: an array is found faster than a Map.
  readonly #statuses = new Array<number>(1000).fill(0)
  readonly #otherStatuses = new Map<number, number>()
  readonly #win32 = new Map<number, number>()
  readonly #closeCodes = new Map<string, number>()
  readonly #closedBy = new Map<string, number>()
  readonly #refused = new Map<number, number>()
  readonly #times = new Spreading()
  readonly #lives = new Spreading()
  #requests = 0
  #first = Infinity
  #last = -Infinity
  readonly #sent = new Adding()
  readonly #received = new Adding()

  add (row: Row): void {
    // The WebSocket's end has a line of its own.
    if (row.isOpening) return
    this.#requests++
    const { at, status } = row
    if (at < this.#first) this.#first = at
    if (at > this.#last) this.#last = at
    if (status < 1000) this.#statuses[status]!++
    else count(this.#otherStatuses, status)
    const win32 = row.number(ID.win32)
    if (win32 > 0) count(this.#win32, win32)
    this.#sent.add(row.number(ID.bytesSent))
    this.#received.add(row.number(ID.bytesReceived))
    const time = row.number(ID.timeTaken)
    if (status !== 101) {
      if (time >= 0) this.#times.add(time)
      if (isAttempt(row)) count(this.#refused, status)
      return
    }
    if (time >= 0) this.#lives.add(time)
    const by = row.text(ID.closedBy)
    if (by !== null) count(this.#closedBy, by)
    const code = row.text(ID.closeCode)
    if (code !== null || by !== null) count(this.#closeCodes, code ?? 'none')
  }

  result (): Summary {
    const isEmpty = this.#requests === 0
    const statuses = new Map([...this.#statuses.entries()].filter(([, times]) => times > 0))
    return {
      requests: this.#requests,
      first: isEmpty ? null : new Date(this.#first).toISOString(),
      last: isEmpty ? null : new Date(this.#last).toISOString(),
      statuses: sorted(new Map([...statuses, ...this.#otherStatuses])),
      win32: sorted(this.#win32),
      bytesSent: isEmpty ? 0 : this.#sent.sum,
      bytesReceived: isEmpty ? 0 : this.#received.sum,
      times: this.#times.result(),
      webSockets: { ...this.#lives.result(), closeCodes: sorted(this.#closeCodes), closedBy: sorted(this.#closedBy), refused: sorted(this.#refused) }
    }
  }
}

/** The summary as text for a terminal. */
export function showSummary (summary: Summary, clock: (at: number) => string, paint: Paint = plain): string {
  const { requests, first, last, times, webSockets } = summary
  const lines = [
    `${paint('bold', String(requests))} exchanges${first === null || last === null ? '' : `, ${clock(Date.parse(first))} to ${clock(Date.parse(last))}`}`,
    row('status', listed(summary.statuses)),
    row('win32', listed(summary.win32)),
    row('bytes', bytes(summary)),
    row('HTTP', spread(times)),
    row('WebSockets', spread(webSockets)),
    row('  closed with', listed(webSockets.closeCodes)),
    row('  closed by', listed(webSockets.closedBy)),
    row('  refused', listed(webSockets.refused))
  ]
  return lines.filter(line => line !== '').join('\n')
}

function bytes ({ bytesSent, bytesReceived }: Summary): string {
  return bytesSent === null && bytesReceived === null ? 'unknown' : `${bytesSent ?? 'unknown'} sent, ${bytesReceived ?? 'unknown'} received`
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
