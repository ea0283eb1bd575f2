// What are the last points of a chart? A ring of fixed size, a column of numbers for each value.
import type { Columns, Point } from '../messages/index.ts'
import type { Spread } from './spread.ts'

export const NAMES = ['at', 'requests', 'handshakes', 'closed', 'received', 'sent', 'open', 'p50', 'p95', 'p99', 'clientErrors', 'serverErrors'] as const satisfies ReadonlyArray<keyof Point>

type Name = typeof NAMES[number]

/** The last points, as many as there is room for. */
export class Chart {
  readonly #size: number
  readonly #columns: Readonly<Record<Name, Float64Array>>
  /** The times of each point, as `Spread.sparse` tells them; null where nobody adds them to those of others. */
  #times: Array<readonly number[]> | null = null
  #next = 0
  #length = 0

  constructor (size: number) {
    this.#size = size
    this.#columns = Object.fromEntries(NAMES.map(name => [name, new Float64Array(size)])) as Record<Name, Float64Array>
  }

  get length (): number {
    return this.#length
  }

  /** From now on the times of each point are kept with it: about 200 bytes for ordinary ones. */
  keepTimes (): void {
    this.#times ??= []
  }

  push (point: Point, times: Spread | null = null): void {
    // Null is NaN here.
    for (const name of NAMES) this.#columns[name][this.#next] = point[name] ?? NaN
    if (this.#times !== null) this.#times[this.#next] = times?.sparse() ?? []
    this.#next = (this.#next + 1) % this.#size
    if (this.#length < this.#size) this.#length++
  }

  /** Adds to the last points, at most `count`, the same amount to each. */
  addEvenly (name: 'received' | 'sent', amount: number, count: number): void {
    const reached = Math.min(count, this.#length)
    for (let back = 1; back <= reached; back++) this.#columns[name][(this.#next - back + this.#size) % this.#size]! += amount / reached
  }

  /** Moves all points in time, ms. */
  shift (by: number): void {
    const { at } = this.#columns
    for (let index = 0; index < at.length; index++) at[index]! += by
  }

  /** Of the last `count` points, the oldest first; of one whose times were not kept, none. */
  times (count = this.#length): Array<readonly number[]> {
    const length = Math.min(count, this.#length)
    return Array.from({ length }, (_, at) => this.#times?.[(this.#next - length + at + this.#size) % this.#size] ?? [])
  }

  /** The last `count`, the oldest first, and `last` behind them. */
  columns (last: Point | null = null, count = this.#length): Columns {
    return Object.fromEntries(NAMES.map(name => {
      const column = this.#columns[name]
      const values: Array<number | null> = []
      for (let back = Math.min(count, this.#length); back > 0; back--) {
        const value = column[(this.#next - back + this.#size) % this.#size]!
        values.push(Number.isNaN(value) ? null : value)
      }
      if (last !== null) values.push(last[name])
      return [name, values]
    })) as unknown as Columns
  }
}
