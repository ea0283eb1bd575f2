// How many requests has a client sent lately? Counted in intervals, one after the other.
//
// A client's first interval begins with its first request. A request is over the limit where its interval has had as many as may come, or
// where the interval before had more: "The IP address will remain blocked until the number of requests within a time period drops below
// the configured limit" (https://learn.microsoft.com/iis/manage/configuring-security/using-dynamic-ip-restrictions). Refused requests count.
// So a client that keeps to the limit is never refused, and none gets more than twice the limit in any interval.
import type { Clients } from './clients.ts'

const START = 0
const COUNT = 1
const BEFORE = 2

export class RequestRate {
  readonly #clients: Clients
  readonly #most: number
  readonly #interval: number

  /** @param most how many requests may come @param interval in ms. */
  constructor (clients: Clients, most: number, interval: number) {
    this.#clients = clients
    this.#most = most
    this.#interval = interval
  }

  /** Counts a request; true where it is over the limit. `now` in ms. */
  isOver (row: number, now: number): boolean {
    const { numbers } = this.#clients
    const at = row * 3
    const passed = now - (numbers[at + START] as number)
    if (passed >= this.#interval || numbers[at + COUNT] === 0) {
      // The one just before this one, if the client has sent anything in it.
      const isNext = passed < 2 * this.#interval
      numbers[at + BEFORE] = isNext ? numbers[at + COUNT] as number : 0
      numbers[at + START] = isNext && numbers[at + COUNT] !== 0 ? (numbers[at + START] as number) + this.#interval : now
      numbers[at + COUNT] = 0
    }
    numbers[at + COUNT]! += 1
    return (numbers[at + COUNT] as number) > this.#most || (numbers[at + BEFORE] as number) > this.#most
  }
}
