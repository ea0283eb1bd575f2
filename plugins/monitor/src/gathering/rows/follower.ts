// What is somebody told who follows exchanges? The rows that a filter names, from a queue of its own.
import { compileBeginning, compileFilter, costOf } from '../../filtering/compile-filter.ts'
import type { ExchangesView } from '../../messages/index.ts'
import type { Entry } from './entry.ts'
import type { Known } from './known-exchange.ts'

/** The most rows in a read. */
const MOST = 100
/** So many a second where there are more, evenly: not the first ones of each read. */
const RATE = 200
/** How long a row waits for its trace, ms. */
const PATIENCE = 1_000

export class Follower {
  readonly #names: (row: Known) => boolean
  readonly #cost: number
  /** What its filter has cost in this second. */
  spent = 0
  /** Whether the filter may name an exchange that begins. */
  readonly mayName: (row: object) => boolean
  #queue: Entry[] = []
  #skipped = 0
  #credit = MOST
  #at = 0

  constructor (filter: string) {
    this.#names = compileFilter(filter)
    this.#cost = costOf(filter)
    this.mayName = compileBeginning(filter)
  }

  /** Whether a row is to be made. One that the filter names and for which there is no room is counted. */
  wants (known: Known, steady: number): boolean {
    this.spent += this.#cost
    if (!this.#names(known)) return false
    this.#credit = Math.min(MOST, this.#credit + (steady - this.#at) * RATE / 1000)
    this.#at = steady
    if (this.#credit < 1 || this.#queue.length >= MOST) {
      this.#skipped++
      return false
    }
    this.#credit--
    return true
  }

  /** There was no time to look. */
  skip (): void {
    this.#skipped++
  }

  push (entry: Entry): void {
    this.#queue.push(entry)
  }

  /** The last rows before, the oldest first. */
  start (entries: readonly Entry[]): void {
    this.#queue = entries.filter(({ row }) => this.#names(row)).slice(-MOST)
  }

  /** What is new; `show` is told of each. */
  read (show: (entry: Entry) => void): ExchangesView {
    const soon = Date.now() - PATIENCE
    const waiting: Entry[] = []
    const rows = []
    for (const entry of this.#queue) {
      const { row, told } = entry
      if (told?.isAwaited === true && row.at > soon) {
        waiting.push(entry)
        continue
      }
      row.story = told !== null && told.trace !== null
      show(entry)
      rows.push(row)
    }
    const skipped = this.#skipped
    this.#skipped = 0
    this.#queue = waiting
    return { rows, skipped }
  }
}
