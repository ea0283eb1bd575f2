// Which columns does a line have, by its `#Fields`, and where is each?
import { idOf } from './column-ids.ts'

/** The columns of the lines behind one `#Fields`. */
export class Layout {
  readonly names: readonly string[]
  /** What is between two values: a space, or a tab where `#Fields` has tabs. */
  readonly separator: number
  /** Positions by the columns' numbers; -1, or nothing, where a column is missing. */
  readonly #positions: number[] = []

  /** `fields` is the text behind `#Fields:`. */
  constructor (fields: string) {
    this.names = fields.trim() === '' ? [] : fields.trim().split(/\s+/)
    this.separator = fields.trim().includes('\t') ? 0x09 : 0x20
    this.names.forEach((name, position) => {
      const id = idOf(name)
      while (this.#positions.length <= id) this.#positions.push(-1)
      this.#positions[id] = position
    })
  }

  /** Where a column is, by its number; -1 where it is missing. */
  at (id: number): number {
    return id < this.#positions.length ? this.#positions[id] as number : -1
  }
}
