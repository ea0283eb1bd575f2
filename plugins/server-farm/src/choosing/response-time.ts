// How fast has a server answered of late? Peak EWMA, as Finagle has it: what is slower counts at once, what is faster little by little.

/** In so many ms a measurement loses two thirds of its part. */
const DECAY = 10_000

export class ResponseTime {
  #value = 0
  /** On the clock of `now`; NaN before the first. */
  #at = NaN

  /** ms to an answer's head. */
  observe (time: number, now: number): void {
    if (Number.isNaN(this.#at) || time > this.#value) {
      this.#value = time
    } else {
      const old = Math.exp((this.#at - now) / DECAY)
      this.#value = this.#value * old + time * (1 - old)
    }
    this.#at = now
  }

  /** Null before the first answer. */
  get last (): number | null {
    return Number.isNaN(this.#at) ? null : this.#value
  }

  /** What is expected now: a server that was slow, and was not asked since, gets another chance. NaN before the first answer. */
  expected (now: number): number {
    return this.#value * Math.exp((this.#at - now) / DECAY)
  }
}
