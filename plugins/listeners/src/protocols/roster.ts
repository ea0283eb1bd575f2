// Who is open at the moment? A list that many join and leave every second.
//
// Not a Set: V8 gives a Set a new table every few additions, and the old table goes on pointing at its members and at the
// next table. Once a table is old enough, every member since is kept until the next full collection, sockets and all.
//
// upstream-proxy and listeners have this file alike, for packages never import each other.

/** A member's place in the list; what it is struck by. */
export interface Place<T> {
  readonly member: T
  /** Where it stands; -1 once it has left. */
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
