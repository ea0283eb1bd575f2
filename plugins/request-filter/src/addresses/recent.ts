// What is known of this address already? Results for the texts that came lately, a bounded number of them.

/** How many results a generation has. There are two of them. */
const MOST = 2048

/** Results by text. The maps are only added to, and replaced whole: nothing is deleted from them. */
export class Recent<T> {
  #young = new Map<string, T>()
  #old = new Map<string, T>()

  get (text: string): T | undefined {
    const young = this.#young.get(text)
    if (young !== undefined) return young
    const old = this.#old.get(text)
    if (old !== undefined) this.#add(text, old)
    return old
  }

  set (text: string, result: T): void {
    // A copy, because a part of a header keeps the whole header in memory.
    this.#add(Buffer.from(text).toString(), result)
  }

  #add (text: string, result: T): void {
    if (this.#young.size >= MOST) {
      this.#old = this.#young
      this.#young = new Map()
    }
    this.#young.set(text, result)
  }
}
