// Who waits for a place, and until when? The first that came is the first that goes on.
import type { Clock } from '../farm/clock.ts'

/** A place in a line. */
export interface InLine {
  /** When it came, and when it gives up, on the clock. */
  since: number
  until: number
  /** It has waited as long as it may, and is out of the line. */
  expired (): void
  before: InLine | null
  behind: InLine | null
}

/** A list whose members know their neighbours, so that one that leaves is not looked for. */
export class Line<Member extends InLine> {
  readonly #clock: Clock
  #first: InLine | null = null
  #last: InLine | null = null
  #size = 0
  #stop: (() => void) | null = null

  constructor (clock: Clock) {
    this.#clock = clock
  }

  get size (): number {
    return this.#size
  }

  get first (): Member | null {
    return this.#first as Member | null
  }

  add (member: Member): void {
    member.before = this.#last
    member.behind = null
    if (this.#last === null) this.#first = member
    else this.#last.behind = member
    this.#last = member
    if (this.#size++ === 0) this.#watch(member.until)
  }

  /** To be called once for a member. */
  remove (member: InLine): void {
    const { before, behind } = member
    if (before === null) this.#first = behind
    else before.behind = behind
    if (behind === null) this.#last = before
    else behind.before = before
    member.before = member.behind = null
    if (--this.#size > 0) return
    this.#stop?.()
    this.#stop = null
  }

  #watch (until: number): void {
    this.#stop = this.#clock.after(Math.max(0, until - this.#clock.now()), () => { this.#expire() })
  }

  #expire (): void {
    this.#stop = null
    // A timer may come a little early.
    const now = this.#clock.now() + 0.5
    for (let first = this.#first; first !== null; first = this.#first) {
      if (first.until > now) break
      this.remove(first)
      first.expired()
    }
    // What has expired may have come again, which starts a watch of its own.
    if (this.#first !== null && this.#stop === null) this.#watch(this.#first.until)
  }
}
