// How many exchanges were there in each minute, hour, or other length of time?
import type { Row } from '../rows/row.ts'
import { durationIn } from './time.ts'

/** One length of time. */
export interface Column {
  /** Its beginning, ISO 8601. */
  readonly from: string
  readonly count: number
  /** Answers of 500 and above. */
  readonly errors: number
  /** WebSockets that ended. */
  readonly webSockets: number
}

/** Lengths of time without exchanges are shown between others, unless there would be more than this number. */
const MOST_COLUMNS = 10_000

/** Counts exchanges by the time at which they ended. */
export class Chart {
  readonly #length: number
  readonly #offsetOf: (at: number) => number
  readonly #columns = new Map<number, { count: number, errors: number, webSockets: number }>()

  /** `per` as in `1min`; throws an Error where it is none. Hours and days begin on the clock that is shown. */
  constructor (per: string, offsetOf: (at: number) => number) {
    this.#length = durationIn(per)
    if (!(this.#length >= 1000)) throw new Error(`"${per}" is too short: a second at least`)
    this.#offsetOf = offsetOf
  }

  add (row: Row): void {
    if (row.isOpening) return
    const offset = this.#offsetOf(row.at)
    const from = Math.floor((row.at + offset) / this.#length) * this.#length - offset
    let column = this.#columns.get(from)
    if (column === undefined) this.#columns.set(from, column = { count: 0, errors: 0, webSockets: 0 })
    column.count++
    if (row.status >= 500) column.errors++
    if (row.status === 101) column.webSockets++
  }

  result (): Column[] {
    const known = [...this.#columns.keys()].sort((a, b) => a - b)
    const first = known[0]
    const last = known.at(-1)
    if (first === undefined || last === undefined) return []
    const isDense = (last - first) / this.#length < MOST_COLUMNS
    const all = isDense ? Array.from({ length: Math.round((last - first) / this.#length) + 1 }, (_, index) => first + index * this.#length) : known
    // A clock that is put back or forward between two lengths: the columns that were counted are all there.
    const shown = new Set([...all, ...known])
    return [...shown].sort((a, b) => a - b).map(from => ({ from: new Date(from).toISOString(), ...this.#columns.get(from) ?? { count: 0, errors: 0, webSockets: 0 } }))
  }
}
