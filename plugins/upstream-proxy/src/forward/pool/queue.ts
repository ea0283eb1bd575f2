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
  /** True where no idle keep-alive connection may serve it. */
  readonly fresh: boolean
}

export class Queue {
  readonly #timeout: number
  /** In order of arrival. */
  readonly #waits = new Map<Exchange, Wait>()
  /** The waiting exchanges of each client, in order of arrival; clients in the order of their turns. */
  readonly #lines = new Map<string | null, Set<Wait>>()
  readonly #watch = new Watch(() => { this.#giveUp() })

  /** @param timeout how long an exchange may wait, in ms; 0 for no limit. */
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

  /** Removes the exchange, if it waits. */
  remove (exchange: Exchange): void {
    const wait = this.#waits.get(exchange)
    if (wait !== undefined) this.#takeOut(wait)
  }

  /** Removes and returns the next exchange among those that `admits` allows; null where there is none. */
  next (admits: (exchange: Exchange) => boolean): Wait | null {
    for (const [client, line] of this.#lines) {
      const wait = line.values().next().value as Wait
      if (!admits(wait.exchange)) continue
      this.#takeOut(wait)
      // The client goes to the end of the turns.
      if (this.#lines.delete(client)) this.#lines.set(client, line)
      return wait
    }
    return null
  }

  /** Stops the time limit: no exchange is failed any more. */
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
