// May one more pass now? A token bucket: so many a second, and after a pause so many at once.

/** A token bucket on `performance.now()`'s clock. It begins full. */
export class Bucket {
  /** Tokens a second. */
  readonly rate: number
  readonly #burst: number
  #tokens: number
  #at: number

  constructor (rate: number, burst: number, now: number) {
    this.rate = rate
    this.#burst = burst
    this.#tokens = burst
    this.#at = now
  }

  /** The tokens that are there now; below 0 where more were taken than there were. */
  at (now: number): number {
    this.#tokens = Math.min(this.#burst, this.#tokens + Math.max(0, now - this.#at) * this.rate / 1000)
    this.#at = now
    return this.#tokens
  }

  take (count: number): void {
    this.#tokens -= count
  }

  /** How long until there are so many tokens, in ms, as of the last call of `at`. More than the burst never come at once: for those it is the time until it is full. */
  wait (count: number): number {
    return Math.max(0, Math.min(count, this.#burst) - this.#tokens) * 1000 / this.rate
  }
}
