// What happened over the last minutes and hours? The server's history, fetched once, to which the stream's points are added.

/** @typedef {import('../../../src/messages/index.ts').Point} Point */
/** @typedef {import('../../../src/messages/index.ts').Columns} Columns */
/** @typedef {import('../../../src/messages/index.ts').HistoryView} HistoryView */
/** @typedef {{ -readonly [Name in keyof Point]: Array<Point[Name]> }} Lists */

/** @type {ReadonlyArray<keyof Point>} */
const NAMES = ['at', 'requests', 'handshakes', 'closed', 'received', 'sent', 'open', 'p50', 'p95', 'p99', 'clientErrors', 'serverErrors']

export const SECONDS = 300
export const MINUTES = 1440

/** @returns {Lists} */
const none = () => /** @type {any} */ (Object.fromEntries(NAMES.map(name => [name, []])))

/** What the charts show. `version` counts up with each change: the lists are changed in place. */
export class History {
  version = 0
  seconds = none()
  minutes = none()

  /** @param {HistoryView} history */
  load (history) {
    const last = this.seconds.at.at(-1) ?? 0
    const newer = NAMES.map(name => this.seconds[name].slice(last > (history.seconds.at.at(-1) ?? 0) ? this.seconds.at.findIndex(at => at > (history.seconds.at.at(-1) ?? 0)) : this.seconds.at.length))
    // Of workers that have ended, only the page still knows what they counted.
    const before = { seconds: older(this.seconds, history.seconds, SECONDS * 1000), minutes: older(this.minutes, history.minutes, MINUTES * 60_000) }
    for (const [n, name] of NAMES.entries()) {
      const seconds = /** @type {Array<number | null>} */ (this.seconds[name])
      const minutes = /** @type {Array<number | null>} */ (this.minutes[name])
      seconds.splice(0, Infinity, ...before.seconds[name], ...history.seconds[name], ...newer[n] ?? [])
      minutes.splice(0, Infinity, ...before.minutes[name], ...history.minutes[name])
    }
    this.version++
  }

  /** @param {Point} point */
  add (point) {
    const last = this.seconds.at.at(-1)
    if (last !== undefined && point.at <= last) return
    push(this.seconds, point, SECONDS)
    this.#addToMinute(point)
    this.version++
  }

  /** Forgets everything: another process counts from nothing. */
  clear () {
    this.seconds = none()
    this.minutes = none()
    this.version++
  }

  /**
   * A minute is added when its first second has come, and is the mean of its seconds so far. The server knows its percentiles better, and tells them with the next history.
   *
   * @param {Point} point
   */
  #addToMinute (point) {
    const at = Math.floor(point.at / 60_000) * 60_000
    const from = this.seconds.at.findLastIndex(second => second < at) + 1
    const minute = { ...mean(this.seconds, from, this.seconds.at.length), at }
    const last = this.minutes.at.at(-1)
    if (last !== undefined && last > at) return
    if (last === at) for (const name of NAMES) this.minutes[name].pop()
    push(this.minutes, minute, MINUTES)
  }
}

/**
 * @param {Lists} lists
 * @param {Point} point
 * @param {number} most
 */
function push (lists, point, most) {
  for (const name of NAMES) {
    const list = /** @type {Array<number | null>} */ (lists[name])
    list.push(point[name])
    if (list.length > most) list.splice(0, list.length - most)
  }
}

/**
 * One point for several: what is a number per second is averaged, times by how many requests they are of, open WebSockets are those at the end.
 *
 * @param {Columns} columns
 * @param {number} from
 * @param {number} to the first that is left out
 * @returns {Point}
 */
export function mean (columns, from, to) {
  const point = /** @type {Record<keyof Point, number | null>} */ ({})
  for (const name of NAMES) {
    let sum = 0
    let weight = 0
    for (let n = from; n < to; n++) {
      const value = columns[name][n]
      if (value === null || value === undefined) continue
      const times = name.startsWith('p') ? columns.requests[n] || 1 : 1
      sum += value * times
      weight += times
    }
    point[name] = weight === 0 ? (name.startsWith('p') ? null : 0) : sum / weight
  }
  point.at = columns.at[from] ?? 0
  point.open = columns.open[to - 1] ?? 0
  return /** @type {Point} */ (point)
}

/**
 * The points before the first one that is told, of the last `span` ms.
 *
 * @param {Lists} lists
 * @param {Columns} told
 * @param {number} span
 * @returns {Lists}
 */
function older (lists, told, span) {
  const first = told.at[0] ?? 0
  const last = Math.max(told.at.at(-1) ?? 0, lists.at.at(-1) ?? 0)
  const from = lists.at.findIndex(at => at > last - span)
  const to = lists.at.findIndex(at => at >= first)
  const end = to === -1 ? lists.at.length : to
  return /** @type {any} */ (Object.fromEntries(NAMES.map(name => [name, from === -1 || first === 0 ? [] : lists[name].slice(from, Math.max(from, end))])))
}
