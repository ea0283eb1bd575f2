// What are the last points of a chart? A ring of fixed size, a column of numbers for each value.
import type { Columns, Point } from '../messages/index.ts'

const NAMES = ['at', 'requests', 'handshakes', 'closed', 'received', 'sent', 'open', 'p50', 'p95', 'p99', 'clientErrors', 'serverErrors'] as const satisfies ReadonlyArray<keyof Point>

type Name = typeof NAMES[number]

/** The last points, as many as there is room for. */
export class Chart {
  readonly #size: number
  readonly #columns: Readonly<Record<Name, Float64Array>>
  #next = 0
  #length = 0

  constructor (size: number) {
    this.#size = size
    this.#columns = Object.fromEntries(NAMES.map(name => [name, new Float64Array(size)])) as Record<Name, Float64Array>
  }

  get length (): number {
    return this.#length
  }

  push (point: Point): void {
    // Null is NaN here.
    for (const name of NAMES) this.#columns[name][this.#next] = point[name] ?? NaN
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

  /** The oldest first, and `last` behind them. */
  columns (last: Point | null = null): Columns {
    return Object.fromEntries(NAMES.map(name => {
      const column = this.#columns[name]
      const values: Array<number | null> = []
      for (let back = this.#length; back > 0; back--) {
        const value = column[(this.#next - back + this.#size) % this.#size]!
        values.push(Number.isNaN(value) ? null : value)
      }
      if (last !== null) values.push(last[name])
      return [name, values]
    })) as unknown as Columns
  }
}
