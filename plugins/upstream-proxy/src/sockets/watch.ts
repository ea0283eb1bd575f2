// How is a deadline moved several times per request without a new timer each time? One timer per connection is reused.

/**
 * A deadline that is set several times per request. Setting it only writes a number. A timer that fires before the deadline
 * is started again for the rest. So a busy connection creates a few timers a minute, not a few per request.
 */
export class Watch {
  readonly #expired: () => void
  #due = 0
  #timer: NodeJS.Timeout | null = null
  #wakesAt = 0

  constructor (expired: () => void) {
    this.#expired = expired
  }

  /** Calls `expired` in `ms` from now, unless the deadline is set again or stopped before; 0 stops it. */
  set (ms: number): void {
    if (ms === 0) {
      this.#due = 0
      return
    }
    const due = performance.now() + ms
    this.#due = due
    if (this.#timer !== null) {
      if (this.#wakesAt <= due) return
      clearTimeout(this.#timer)
    }
    this.#sleep(ms, due)
  }

  /** Stops the deadline: `expired` is not called any more. */
  stop (): void {
    this.#due = 0
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
  }

  #sleep (ms: number, until: number): void {
    this.#wakesAt = until
    this.#timer = setTimeout(() => { this.#wake() }, Math.ceil(ms))
    this.#timer.unref()
  }

  #wake (): void {
    this.#timer = null
    if (this.#due === 0) return
    const left = this.#due - performance.now()
    if (left > 0.5) {
      this.#sleep(left, this.#due)
    } else {
      this.#due = 0
      this.#expired()
    }
  }
}
