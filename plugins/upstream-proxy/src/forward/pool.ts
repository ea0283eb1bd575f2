// Which connection serves the next exchange? Kept-alive ones first, new ones up to a limit, then a queue.
import { Roster } from '../roster.ts'
import type { Origin } from '../target.ts'
import { Connection } from './connection.ts'
import type { Exchange, Owner } from './exchange.ts'
import type { ForwardSettings } from './options.ts'
import { Watch } from './watch.ts'

/** The connections to one origin. */
export class Pool implements Owner {
  readonly #origin: Origin
  readonly #settings: ForwardSettings
  readonly #emptied: () => void
  readonly #open = new Roster<Connection>()
  readonly #idle: Connection[] = []
  /** Those that wait, the longest first, with the time they began to. */
  readonly #waiting = new Map<Exchange, number>()
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
    // The last one used is the least likely to have been closed meanwhile.
    const kept = fresh ? undefined : this.#idle.pop()
    if (kept !== undefined) {
      kept.take(exchange)
    } else if (this.#open.size < this.#settings.maxConnections) {
      const connection = new Connection(this.#origin, this, this.#settings, exchange)
      connection.place = this.#open.add(connection)
    } else {
      this.#waiting.set(exchange, performance.now())
      if (this.#waiting.size === 1) this.#watch.set(this.#settings.queueTimeout)
    }
  }

  /** The exchange no longer waits. */
  forget (exchange: Exchange): void {
    this.#waiting.delete(exchange)
  }

  free (connection: Connection): void {
    const next = this.#next()
    if (next !== null) connection.take(next)
    else if (this.#closing || this.#idle.length >= this.#settings.maxIdle) connection.abandon()
    else this.#idle.push(connection)
  }

  gone (connection: Connection): void {
    if (connection.place !== null) this.#open.strike(connection.place)
    const at = this.#idle.indexOf(connection)
    if (at !== -1) this.#idle.splice(at, 1)
    const next = this.#next()
    if (next !== null) this.serve(next)
    if (this.#open.size === 0) this.#emptied()
  }

  /** Ends every connection. */
  close (): void {
    this.#closing = true
    this.#watch.stop()
    for (const connection of this.#open.members()) connection.abandon()
  }

  #next (): Exchange | null {
    const first = this.#waiting.keys().next()
    if (first.done === true) return null
    this.#waiting.delete(first.value)
    return first.value
  }

  #giveUp (): void {
    const { queueTimeout } = this.#settings
    const now = performance.now()
    for (const [exchange, since] of this.#waiting) {
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
