// Which connection serves the next exchange? Kept-alive ones first, new ones up to a limit, then a queue.
import { Roster } from '../roster.ts'
import type { Origin } from '../target.ts'
import { Connection } from './connection.ts'
import type { Exchange, Owner } from './exchange.ts'
import type { ForwardSettings } from './options.ts'
import { Watch } from './watch.ts'

interface Wait {
  /** On `performance.now()`'s clock, ms. */
  readonly since: number
  readonly fresh: boolean
}

/** The connections to one origin. */
export class Pool implements Owner {
  readonly #origin: Origin
  readonly #settings: ForwardSettings
  readonly #emptied: () => void
  readonly #open = new Roster<Connection>()
  readonly #idle: Connection[] = []
  /** Those that wait, the longest first. */
  readonly #waiting = new Map<Exchange, Wait>()
  readonly #watch = new Watch(() => { this.#giveUp() })
  #closing = false

  /** `emptied` is called when nothing is left to keep. */
  constructor (origin: Origin, settings: ForwardSettings, emptied: () => void) {
    this.#emptied = emptied
    this.#origin = origin
    this.#settings = settings
  }

  /** Gives the exchange a connection, now or as soon as there is one. `fresh` leaves the kept-alive ones alone. */
  serve (exchange: Exchange, fresh = false): void {
    const kept = fresh ? undefined : this.#kept()
    if (kept !== undefined) {
      kept.take(exchange)
    } else if (this.#open.size < this.#settings.maxConnections) {
      const connection = new Connection(this.#origin, this, this.#settings, exchange)
      connection.place = this.#open.add(connection)
      exchange.dialling(connection)
    } else {
      this.#waiting.set(exchange, { since: performance.now(), fresh })
      if (this.#waiting.size === 1) this.#watch.set(this.#settings.queueTimeout)
    }
  }

  /** The exchange no longer waits. */
  forget (exchange: Exchange): void {
    this.#waiting.delete(exchange)
  }

  free (connection: Connection): void {
    // It has just served: that is as good as a new one.
    const next = this.#next()
    if (next !== null) connection.take(next[0])
    else if (this.#closing || this.#idle.length >= this.#settings.maxIdle) connection.abandon()
    else this.#idle.push(connection)
  }

  gone (connection: Connection): void {
    if (connection.place !== null) this.#open.strike(connection.place)
    const at = this.#idle.indexOf(connection)
    if (at !== -1) this.#idle.splice(at, 1)
    const next = this.#next()
    if (next !== null) this.serve(next[0], next[1].fresh)
    if (this.#open.size === 0) this.#emptied()
  }

  /** Ends every connection. */
  close (): void {
    this.#closing = true
    this.#watch.stop()
    for (const connection of this.#open.members()) connection.abandon()
  }

  #kept (): Connection | undefined {
    // The last one used is the least likely to have been closed meanwhile.
    let kept = this.#idle.pop()
    while (kept?.dead === true) kept = this.#idle.pop()
    return kept
  }

  #next (): [Exchange, Wait] | null {
    const first = this.#waiting.entries().next()
    if (first.done === true) return null
    this.#waiting.delete(first.value[0])
    return first.value
  }

  #giveUp (): void {
    const { queueTimeout } = this.#settings
    const now = performance.now()
    for (const [exchange, { since }] of this.#waiting) {
      const left = since + queueTimeout - now
      if (left > 0.5) {
        this.#watch.set(left)
        return
      }
      this.#waiting.delete(exchange)
      exchange.failed({ name: 'TooMany', moment: 'connect', side: 'proxy', cause: null, stale: false })
    }
  }
}
