// Which are the last ones? A list with a fixed size: the newest takes the place of the oldest.

export class Ring<T> {
  readonly #most: number
  readonly #items: T[] = []
  #next = 0
  #added = 0

  constructor (most: number) {
    this.#most = most
  }

  get size (): number {
    return this.#items.length
  }

  add (item: T): void {
    this.#added++
    this.#items[this.#next] = item
    this.#next = (this.#next + 1) % this.#most
  }

  /** The oldest first. */
  all (): T[] {
    return this.#items.length < this.#most ? [...this.#items] : [...this.#items.slice(this.#next), ...this.#items.slice(0, this.#next)]
  }

  /** Those that came after the first `seen` of all that ever came, at most `most`, and how many have been seen then. */
  after (seen: number, most: number): { readonly items: T[], readonly seen: number } {
    const missing = Math.min(this.#items.length, Math.max(0, this.#added - seen))
    const items = this.all().slice(this.#items.length - missing).slice(0, most)
    return { items, seen: this.#added - missing + items.length }
  }

  clear (): void {
    this.#items.length = 0
    this.#next = 0
  }
}
