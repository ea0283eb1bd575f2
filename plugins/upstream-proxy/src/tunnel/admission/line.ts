// Who waits for a place, and until when? The first that came is the first that goes on, and all wait equally long.
import { Watch } from '../../sockets/watch.ts'

/** A place in the line. */
export interface InLine {
  /** On `performance.now()`'s clock, ms. */
  readonly since: number
  /** It has waited as long as it may: it leaves the line. */
  expired (): void
  before: InLine | null
  behind: InLine | null
}

/** A list whose members know their neighbours, so that one that leaves is not looked for. */
export class Line<Member extends InLine> {
  readonly #wait: number
  readonly #watch = new Watch(() => { this.#expire() })
  #first: InLine | null = null
  #last: InLine | null = null
  #size = 0

  /** @param wait how long each waits, in ms. */
  constructor (wait: number) {
    this.#wait = wait
  }

  get size (): number {
    return this.#size
  }

  /** To the end of the line. */
  add (member: Member): void {
    member.before = this.#last
    if (this.#last === null) this.#first = member
    else this.#last.behind = member
    this.#last = member
    if (this.#size++ === 0) this.#watch.set(this.#wait)
  }

  /** Takes the first out of the line; null where nobody waits. */
  next (): Member | null {
    const first = this.#first as Member | null
    if (first !== null) this.remove(first)
    return first
  }

  /** To be called once for a member. */
  remove (member: InLine): void {
    const { before, behind } = member
    if (before === null) this.#first = behind
    else before.behind = behind
    if (behind === null) this.#last = before
    else behind.before = before
    member.before = member.behind = null
    if (--this.#size === 0) this.#watch.stop()
  }

  #expire (): void {
    const now = performance.now()
    for (let first = this.#first; first !== null; first = this.#first) {
      const left = first.since + this.#wait - now
      if (left > 0.5) {
        this.#watch.set(left)
        return
      }
      first.expired()
    }
  }
}
