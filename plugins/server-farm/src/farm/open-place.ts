// Which tunnel is open at a server? Known by those that count, and by those that say goodbye.

export interface OpenPlace {
  /** Its place in the list of its server; -1 where it is in none. */
  at: number
  /** Whether it was told goodbye. */
  readonly isLeaving: boolean
  /** When bytes last passed, ms since the epoch. */
  readonly lastActivity: number
  /** Says goodbye, once. */
  leave (code: number, reason: string): void
}

/** The tunnels of one server. One that ends is taken out without being looked for. */
export class OpenPlaces implements Iterable<OpenPlace> {
  readonly #places: OpenPlace[] = []

  get size (): number {
    return this.#places.length
  }

  add (place: OpenPlace): void {
    place.at = this.#places.push(place) - 1
  }

  strike (place: OpenPlace): void {
    const last = this.#places.pop() as OpenPlace
    if (last !== place) {
      this.#places[place.at] = last
      last.at = place.at
    }
    place.at = -1
  }

  [Symbol.iterator] (): Iterator<OpenPlace> {
    return this.#places[Symbol.iterator]()
  }
}
