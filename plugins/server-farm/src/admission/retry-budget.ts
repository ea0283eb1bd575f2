// How many attempts more may there be? A share of the exchanges of the last ten seconds, so that a farm in trouble is not asked several times as often.
import type { Clock } from '../farm/clock.ts'

const SECONDS = 10
const ALWAYS = 10

export class RetryBudget {
  readonly #clock: Clock
  readonly #exchanges = new Uint32Array(SECONDS)
  readonly #retries = new Uint32Array(SECONDS)
  #second: number
  #exchangeSum = 0
  #retrySum = 0

  constructor (clock: Clock) {
    this.#clock = clock
    this.#second = Math.floor(clock.now() / 1000)
  }

  /** An exchange begins. */
  exchange (): void {
    this.#forget()
    this.#exchangeSum++
    this.#exchanges[this.#second % SECONDS] = (this.#exchanges[this.#second % SECONDS] as number) + 1
  }

  /** Takes one attempt more. False where there is none left; `share` is that of the exchanges. */
  take (share: number): boolean {
    this.#forget()
    if (this.#retrySum >= Math.max(ALWAYS, Math.floor(share * this.#exchangeSum))) return false
    this.#retrySum++
    this.#retries[this.#second % SECONDS] = (this.#retries[this.#second % SECONDS] as number) + 1
    return true
  }

  #forget (): void {
    const second = Math.floor(this.#clock.now() / 1000)
    if (second - this.#second > SECONDS) this.#second = second - SECONDS
    while (this.#second < second) {
      const at = ++this.#second % SECONDS
      this.#exchangeSum -= this.#exchanges[at] as number
      this.#retrySum -= this.#retries[at] as number
      this.#exchanges[at] = this.#retries[at] = 0
    }
  }
}
