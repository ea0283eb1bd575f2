// How often has each rule changed a request? Counted at the end of each exchange.
import type { SitesView } from '../../messages/index.ts'

/** How many rules are told apart. With so many names, all is about 500 KiB. */
const MOST = 4_096

interface Count {
  readonly rule: string
  matches: number
  lastAt: number
}

/** Counts rules by their names, of which there may be many: a function of the user's may name them. */
export class RuleCounts {
  readonly #counts = new Map<string, Count>()
  /** Mostly the same rule again. */
  #last: Count | null = null

  /** A rule has changed a request whose exchange is over; `at` in ms since the epoch. */
  count (rule: string, at: number): void {
    let count = this.#last
    if (count === null || count.rule !== rule) {
      count = this.#counts.get(rule) ?? null
      if (count === null) {
        if (this.#counts.size >= MOST) return
        count = { rule, matches: 0, lastAt: 0 }
        this.#counts.set(rule, count)
      }
      this.#last = count
    }
    count.matches++
    count.lastAt = at
  }

  /** The most frequent first. */
  rows (): SitesView['rules'] {
    return [...this.#counts.values()].map(count => ({ ...count })).sort((one, other) => other.matches - one.matches || (one.rule < other.rule ? -1 : 1))
  }
}
