// What has each other process open? As it has told last.

interface Told {
  readonly places: number
  readonly keys: Map<string, number>
}

/** The sums of what others have told. */
export class Others {
  /** Handshakes under way and open tunnels. */
  places = 0
  readonly #told = new Map<number, Told>()
  readonly #keys = new Map<string, number>()

  /** How many tunnels of a key they have; handshakes that wait or are under way included. */
  of (key: string): number {
    return this.#keys.get(key) ?? 0
  }

  /** One that has told nothing yet. */
  know (pid: number): void {
    if (!this.#told.has(pid)) this.#told.set(pid, { places: 0, keys: new Map() })
  }

  get size (): number {
    return this.#told.size
  }

  /** `whole` where it has no other keys than these. What is of another form comes from another version, and says nothing. */
  take (pid: number, data: unknown): void {
    if (!isCounts(data)) return
    const { places, keys, whole } = data
    if (whole === true) this.forget(pid)
    const before = this.#told.get(pid) ?? { places: 0, keys: new Map<string, number>() }
    this.#told.set(pid, { places, keys: before.keys })
    this.places += places - before.places
    for (const [key, count] of keys) {
      this.#add(key, count - (before.keys.get(key) ?? 0))
      if (count > 0) before.keys.set(key, count)
      else before.keys.delete(key)
    }
  }

  forget (pid: number): void {
    const told = this.#told.get(pid)
    if (told === undefined) return
    this.#told.delete(pid)
    this.places -= told.places
    for (const [key, count] of told.keys) this.#add(key, -count)
  }

  #add (key: string, more: number): void {
    const count = this.of(key) + more
    if (count > 0) this.#keys.set(key, count)
    else this.#keys.delete(key)
  }
}

/** What one process tells another. */
export interface Counts {
  readonly places: number
  readonly keys: ReadonlyArray<readonly [key: string, count: number]>
  readonly whole?: boolean
}

function isCounts (data: unknown): data is Counts {
  const { places, keys } = (data ?? {}) as Partial<Counts>
  return isCount(places) && Array.isArray(keys) && keys.every(one => Array.isArray(one) && typeof one[0] === 'string' && isCount(one[1]))
}

function isCount (value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0
}
