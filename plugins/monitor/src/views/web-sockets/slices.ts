// How is much work done without blocking? A few ms of it at once, and the rest in the next turns of the event loop.

/** ms of one turn. */
const BUDGET = 3
/** So many steps are made in any case: on a machine that is busy, a short list must not take two turns. */
const LEAST = 16

/** A piece of work; it yields where it may be interrupted, about every 50 µs. */
export type Work = Generator<void, void, void>

/** Work that is under way, one piece after the other. */
export class Slices {
  #under: Work[] = []
  #turn: NodeJS.Immediate | null = null

  /** Begins at once. True where all of it is done. */
  start (work: Work): boolean {
    if (this.#under.length === 0 && isDone(work)) return true
    this.#under.push(work)
    this.#turn ??= setImmediate(() => { this.#goOn() })
    return false
  }

  /** Gives up what is not done. */
  end (): void {
    if (this.#turn !== null) clearImmediate(this.#turn)
    this.#turn = null
    this.#under = []
  }

  #goOn (): void {
    if (isDone(this.#under[0] as Work)) this.#under.shift()
    this.#turn = this.#under.length === 0 ? null : setImmediate(() => { this.#goOn() })
  }
}

function isDone (work: Work): boolean {
  const until = performance.now() + BUDGET
  for (let steps = 1; work.next().done !== true; steps++) if (steps >= LEAST && performance.now() >= until) return false
  return true
}
