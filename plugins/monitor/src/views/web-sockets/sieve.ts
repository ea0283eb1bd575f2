// Which tunnels does a filter name? Each is asked about once: its words stay as they are.
import { compileFilter } from '../../filtering/compile-filter.ts'
import type { Seen } from './seen.ts'
import type { Work } from './slices.ts'
import type { Named } from './words.ts'

/** What changes with time is asked about again each second. */
const CHANGES = /(?:^|\s)-?"?(?:silence|age|time):/i
/** So many are asked about between two looks at the clock. */
const STEP = 32

/** A filter, with its answers for all tunnels that it was asked about: two bits of each. */
export class Sieve {
  readonly text: string
  readonly #test: (row: object) => boolean
  readonly #changes: boolean
  readonly #known: number
  readonly #passes: number
  #isUnderWay = false
  /** When it was last asked for. */
  usedAt = 0

  /** `slot` is its place among the few filters that are remembered. */
  constructor (text: string, slot: number) {
    this.text = text
    this.#test = compileFilter(text)
    this.#changes = CHANGES.test(text)
    this.#known = 1 << (2 * slot)
    this.#passes = 2 << (2 * slot)
  }

  /** Forgets the answers of the filter that had this slot before. */
  clear (all: Iterable<Seen>): void {
    for (const seen of all) seen.answers &= ~(this.#known | this.#passes)
  }

  passes (seen: Seen): boolean {
    return (seen.answers & this.#passes) !== 0
  }

  /** Asks about those that are not known yet, or null where that is being done. */
  work (all: readonly Seen[], find: (id: string) => Named | undefined, now: number): Work | null {
    if (this.#isUnderWay) return null
    this.#isUnderWay = true
    return this.#ask(all, find, now)
  }

  * #ask (all: readonly Seen[], find: (id: string) => Named | undefined, now: number): Work {
    let asked = 0
    for (const seen of all) {
      if (!this.#changes && (seen.answers & this.#known) !== 0) continue
      const words = seen.words(find)
      words.silence = seen.silence(now)
      seen.answers = (this.#test(words) ? seen.answers | this.#passes : seen.answers & ~this.#passes) | this.#known
      if (++asked % STEP === 0) yield
    }
    this.#isUnderWay = false
  }
}
