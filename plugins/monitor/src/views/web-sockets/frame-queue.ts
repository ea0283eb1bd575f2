// Which frames has the page not been told of yet? The last 500; of more, how many there were.
import type { FrameRow } from '../../messages/index.ts'

/** Frames that wait to be read. */
const KEPT = 500
/** Rows of one read. */
const MOST = 100

type Kept = Exclude<FrameRow, { kind: 'skipped' }>

/** Rows in their order. Frames give way where there are too many; goodbyes and ends, of which there are a few, stay. */
export class FrameQueue {
  #rows: Kept[] = []
  #skipped = 0

  /** How many rows are kept. */
  get size (): number {
    return this.#rows.length
  }

  add (row: Kept): void {
    this.#rows.push(row)
    // Half at a time: dropping one by one would move all others with each frame.
    if (this.#rows.length > KEPT) this.#thin(KEPT / 2)
  }

  /** What has come since the last read. */
  read (at: number): FrameRow[] {
    if (this.#rows.length > MOST || this.#skipped > 0) this.#thin(MOST - 1)
    const rows: FrameRow[] = this.#skipped === 0 ? [] : [{ kind: 'skipped', at: this.#rows[0]?.at ?? at, count: this.#skipped }]
    rows.push(...this.#rows)
    this.#rows = []
    this.#skipped = 0
    return rows
  }

  /** Drops the oldest frames until so many rows are left. */
  #thin (most: number): void {
    let surplus = this.#rows.length - most
    if (surplus <= 0) return
    this.#rows = this.#rows.filter(({ kind }) => {
      if (surplus === 0 || kind !== 'frame') return true
      surplus--
      this.#skipped++
      return false
    })
  }
}
