// How is a line asked that was read as a whole, from JSON or NCSA?
import { isKnownColumn, textOf, type Line } from '../columns.ts'
import { nameOf } from './column-ids.ts'
import type { Row } from './row.ts'

/** A line with all its values. */
export class LineRow implements Row {
  readonly folder: string | null
  readonly #line: Line

  constructor (line: Line, folder: string | null = null) {
    this.folder = folder
    this.#line = line
  }

  get at (): number {
    return this.#line.endedAt
  }

  get status (): number {
    return this.#line.status
  }

  get isOpening (): boolean {
    return this.#line.event === 'open'
  }

  has (id: number): boolean {
    const name = nameOf(id)
    // JSON has what is about WebSockets and failures only in the lines of these.
    return name.startsWith('x-') || this.#valueOf(name) !== undefined
  }

  text (id: number): string | null {
    const value = this.#valueOf(nameOf(id))
    return value === null || value === undefined || value === '' ? null : String(value)
  }

  number (id: number): number {
    const value = this.#valueOf(nameOf(id))
    return typeof value === 'number' ? value : NaN
  }

  #valueOf (name: string): string | number | null | undefined {
    return isKnownColumn(name) ? textOf(name, this.#line) : this.#line.custom?.[name]
  }

  whole (): Line {
    return this.#line
  }
}
