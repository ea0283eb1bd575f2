// How fast are traces written? A few each second, the rest in a line of limited length: a server whose every exchange fails has better things to do.

/** Something to be written. */
export type Job = () => Promise<void>

/** Jobs in a second, and those that wait. */
const A_SECOND = 10
const MOST_WAITING = 100
const SECOND = 1_000

/** A line of jobs, done one after the other. */
export class Queue {
  readonly #jobs: Job[] = []
  readonly #onError: (error: unknown) => void
  /** When the last jobs began, on the clock of `performance.now()`; the oldest is at `#turn`. */
  readonly #begun = new Float64Array(A_SECOND).fill(-SECOND)
  #turn = 0
  /** Places that are taken: by jobs, and by those that will come. */
  #taken = 0
  #running: Promise<void> | null = null
  #closing = false
  #wake: (() => void) | null = null

  constructor (onError: (error: unknown) => void) {
    this.#onError = onError
  }

  /** Takes a place; false where the line is full. */
  reserve (): boolean {
    if (this.#taken >= MOST_WAITING) return false
    this.#taken++
    return true
  }

  unreserve (): void {
    this.#taken--
  }

  /** A job for a place that was reserved. */
  put (job: Job): void {
    this.#jobs.push(job)
    this.#running ??= this.#run()
  }

  /** Does what waits without regard for the pace; resolves when that is done, after `limit` ms at the latest. Returns how many jobs were left. */
  async close (limit: number): Promise<number> {
    this.#closing = true
    this.#wake?.()
    const running = this.#running
    if (running === null) return 0
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>(resolve => { timer = setTimeout(resolve, limit) })
    await Promise.race([running, late])
    clearTimeout(timer)
    return this.#jobs.splice(0).length
  }

  async #run (): Promise<void> {
    // A turn later: the exchange that ends now is not held up.
    await new Promise(resolve => { setImmediate(resolve) })
    for (let job = this.#jobs.shift(); job !== undefined; job = this.#jobs.shift()) {
      await this.#pace()
      try {
        await job()
      } catch (error) {
        this.#onError(error)
      }
      this.#taken--
    }
    this.#running = null
  }

  async #pace (): Promise<void> {
    const wait = (this.#begun[this.#turn] as number) + SECOND - performance.now()
    if (wait > 0 && !this.#closing) {
      await new Promise<void>(resolve => {
        const timer = setTimeout(resolve, wait).unref()
        this.#wake = () => { clearTimeout(timer); resolve() }
      })
      this.#wake = null
    }
    this.#begun[this.#turn] = performance.now()
    this.#turn = (this.#turn + 1) % A_SECOND
  }
}
