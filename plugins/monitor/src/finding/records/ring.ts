// Which are the last ones? A list with a fixed size: the newest takes the place of the oldest.

export class Ring<T> {
  readonly #most: number
  readonly #items: T[] = []
  #next = 0

  constructor (most: number) {
    this.#most = most
  }

  get size (): number {
    return this.#items.length
  }

  add (item: T): void {
    this.#items[this.#next] = item
    this.#next = (this.#next + 1) % this.#most
  }

  /** The oldest first. */
  all (): T[] {
    return this.#items.length < this.#most ? [...this.#items] : [...this.#items.slice(this.#next), ...this.#items.slice(0, this.#next)]
  }

  clear (): void {
    this.#items.length = 0
    this.#next = 0
  }
}
