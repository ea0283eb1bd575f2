// Who waits for a connection, and whose turn is it? Clients take turns, and each has its requests served in order.
import { Watch } from '../../sockets/watch.ts'
import { clientOf } from './client-of.ts'
import type { Exchange } from './exchange.ts'

/** An exchange that waits. */
export interface Wait {
  readonly exchange: Exchange
  readonly client: string | null
  /** On `performance.now()`'s clock, ms. */
  readonly since: number
  /** No kept-alive connection will do. */
  readonly fresh: boolean
}

export class Queue {
  readonly #timeout: number
  /** The longest first. */
  readonly #waits = new Map<Exchange, Wait>()
  /** Each client's own, the longest first; the client whose turn it is first. */
  readonly #lines = new Map<string | null, Set<Wait>>()
  readonly #watch = new Watch(() => { this.#giveUp() })

  /** @param timeout how long one may wait, in ms; 0 for ever. */
  constructor (timeout: number) {
    this.#timeout = timeout
  }

  get size (): number {
    return this.#waits.size
  }

  add (exchange: Exchange, fresh: boolean): void {
    const wait = { exchange, client: clientOf(exchange.request), since: performance.now(), fresh }
    this.#waits.set(exchange, wait)
    const line = this.#lines.get(wait.client)
    if (line === undefined) this.#lines.set(wait.client, new Set([wait]))
    else line.add(wait)
    if (this.#waits.size === 1) this.#watch.set(this.#timeout)
  }

  /** The exchange no longer waits, if it did. */
  remove (exchange: Exchange): void {
    const wait = this.#waits.get(exchange)
    if (wait !== undefined) this.#takeOut(wait)
  }

  /** Takes out the one whose turn it is, of those that are admitted; null where there is none. */
  next (admits: (exchange: Exchange) => boolean): Wait | null {
    for (const [client, line] of this.#lines) {
      const wait = line.values().next().value as Wait
      if (!admits(wait.exchange)) continue
      this.#takeOut(wait)
      // Its next turn is after everybody else's.
      if (this.#lines.delete(client)) this.#lines.set(client, line)
      return wait
    }
    return null
  }

  /** Nobody is told any more that the time is up. */
  stop (): void {
    this.#watch.stop()
  }

  #takeOut ({ exchange, client }: Wait): void {
    const wait = this.#waits.get(exchange) as Wait
    const line = this.#lines.get(client) as Set<Wait>
    this.#waits.delete(exchange)
    line.delete(wait)
    if (line.size === 0) this.#lines.delete(client)
  }

  #giveUp (): void {
    const now = performance.now()
    for (const wait of this.#waits.values()) {
      const left = wait.since + this.#timeout - now
      if (left > 0.5) {
        this.#watch.set(left)
        return
      }
      this.#takeOut(wait)
      wait.exchange.failed({ name: 'TooMany', moment: 'connect', side: 'proxy', cause: null, stale: false })
    }
  }
}
