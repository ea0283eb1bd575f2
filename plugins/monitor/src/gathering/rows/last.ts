// Which were the last ones? A ring of fixed size.

export class Last<T> {
  readonly #size: number
  readonly #members: T[] = []
  #next = 0

  constructor (size: number) {
    this.#size = size
  }

  /** Returns the one that had its place. */
  push (member: T): T | undefined {
    const before = this.#members[this.#next]
    this.#members[this.#next] = member
    this.#next = (this.#next + 1) % this.#size
    return before
  }

  /** The oldest first. */
  members (): T[] {
    return [...this.#members.slice(this.#next), ...this.#members.slice(0, this.#next)]
  }

  find (isMeant: (member: T) => boolean): T | undefined {
    return this.#members.findLast(isMeant)
  }
}
