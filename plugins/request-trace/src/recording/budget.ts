// How much is recorded at once? Beyond the limit, the oldest recordings are given up: an exchange that has just begun is likelier to be wanted.

/** What is counted. The list's links are in its members: nothing is allocated when one comes or goes. */
export interface Counted {
  /** Bytes that it is charged. */
  bytes: number
  older: Counted | null
  newer: Counted | null
  /** Drops all that it holds. Called once, at the most. */
  giveUp (): void
}

/** The bytes of all recordings of one server. */
export class Budget {
  readonly total: number
  readonly perExchange: number
  /** Bytes that are held. */
  used = 0
  /** Recordings that are there. */
  count = 0
  /** Recordings that were given up. */
  lost = 0
  #oldest: Counted | null = null
  #newest: Counted | null = null
  #onEmpty: (() => void) | null = null

  constructor (total: number, perExchange: number) {
    this.total = total
    this.perExchange = perExchange
  }

  add (member: Counted): void {
    this.count++
    member.older = this.#newest
    if (this.#newest === null) this.#oldest = member
    else this.#newest.newer = member
    this.#newest = member
  }

  /** False where the exchange has no room left for so many bytes, and `left` besides; less than 0 for what may have more. Makes room among all of them, at the cost of the oldest. */
  charge (member: Counted, bytes: number, left = 0): boolean {
    if (member.bytes + bytes > this.perExchange - left) return false
    member.bytes += bytes
    this.used += bytes
    while (this.used > this.total && this.#oldest !== null) {
      const oldest: Counted = this.#oldest
      this.remove(oldest)
      this.lost++
      oldest.giveUp()
      if (oldest === member) return false
    }
    return true
  }

  remove (member: Counted): void {
    if (member.older === null) this.#oldest = member.newer
    else member.older.newer = member.newer
    if (member.newer === null) this.#newest = member.older
    else member.newer.older = member.older
    member.older = member.newer = null
    this.used -= member.bytes
    member.bytes = 0
    if (--this.count === 0) this.#onEmpty?.()
  }

  /** Resolves when no recording is left, or after `limit` ms. */
  empty (limit: number): Promise<void> {
    if (this.count === 0) return Promise.resolve()
    return new Promise(resolve => {
      const timer = setTimeout(resolve, limit)
      this.#onEmpty = () => { clearTimeout(timer); resolve() }
    })
  }
}
