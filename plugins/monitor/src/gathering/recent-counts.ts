// How often did what happen in the last five minutes? Few names, counted in parts of ten seconds.

const PARTS = 30
const PART = 10_000
const MOST_NAMES = 64
const MOST_CHARACTERS = 64
const SHOWN = 20
/** Where there are too many names. */
const OTHERS = 'others'

interface Entry {
  readonly parts: Uint32Array
  sum: number
}

/** Counts by names. */
export class RecentCounts {
  readonly #entries = new Map<string, Entry>()
  #part = 0
  #began: number

  /** `steady` is ms of a clock that nobody sets. */
  constructor (steady: number) {
    this.#began = steady
  }

  add (name: string): void {
    let entry = this.#entries.get(name)
    if (entry === undefined) {
      const kept = this.#entries.size < MOST_NAMES ? name.slice(0, MOST_CHARACTERS) : OTHERS
      entry = this.#entries.get(kept)
      if (entry === undefined) this.#entries.set(kept, entry = { parts: new Uint32Array(PARTS), sum: 0 })
    }
    entry.parts[this.#part]!++
    entry.sum++
  }

  /** Forgets what is older than five minutes. To be called about once a second. */
  tick (steady: number): void {
    let passed = Math.floor((steady - this.#began) / PART)
    if (passed <= 0) return
    this.#began += passed * PART
    for (passed = Math.min(passed, PARTS); passed > 0; passed--) {
      this.#part = (this.#part + 1) % PARTS
      for (const [name, entry] of this.#entries) {
        entry.sum -= entry.parts[this.#part]!
        entry.parts[this.#part] = 0
        if (entry.sum === 0) this.#entries.delete(name)
      }
    }
  }

  /** The most frequent first. */
  top (): Array<{ name: string, count: number }> {
    return topOf(this.all())
  }

  all (): Array<{ name: string, count: number }> {
    return [...this.#entries].map(([name, { sum }]) => ({ name, count: sum }))
  }
}

/** The most frequent first, as many as are shown. */
export function topOf (counts: Array<{ name: string, count: number }>): Array<{ name: string, count: number }> {
  return counts.sort((a, b) => b.count - a.count).slice(0, SHOWN)
}
