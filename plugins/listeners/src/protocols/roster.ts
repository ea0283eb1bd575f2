// Which members are open at the moment? A list with many additions and removals a second.
//
// Not a Set: V8 gives a Set a new table every few additions, and the old table keeps references to its members and to the
// next table. Once a table is in the old generation, every later member survives until the next full collection, with its sockets.
//
// upstream-proxy and listeners each have this file, since plugins never import each other; a test holds the two equal.

/** A member's place in the list, by which it is removed. */
export interface Place<T> {
  readonly member: T
  /** Its index; -1 once it is removed. */
  at: number
}

export class Roster<T> {
  readonly #places: Array<Place<T>> = []

  get size (): number {
    return this.#places.length
  }

  add (member: T): Place<T> {
    const place = { member, at: this.#places.length }
    this.#places.push(place)
    return place
  }

  /** Takes a member out; a second time changes nothing. */
  strike (place: Place<T>): void {
    const { at } = place
    if (at === -1) return
    place.at = -1
    const last = this.#places.pop() as Place<T>
    if (last === place) return
    // The last one fills the gap.
    this.#places[at] = last
    last.at = at
  }

  /** All members as they are now; who joins or leaves meanwhile changes nothing in it. */
  members (): T[] {
    return this.#places.map(({ member }) => member)
  }
}
