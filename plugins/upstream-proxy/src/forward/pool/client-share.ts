// How many of a pool's connections may one client use at a time? They are counted only while so many are in use that one client could have
// too many: a pool that is not busy pays nothing.
import type { Roster } from '../../sockets/roster.ts'
import { clientOf } from './client-of.ts'
import type { Connection } from './connection.ts'
import type { Exchange } from './exchange.ts'

export class ClientShare {
  readonly #most: number
  readonly #open: Roster<Connection>
  /** How many each client uses; null while no client can exceed the limit. The keys are short strings, so tables that V8 still holds keep nothing large. */
  #counts: Map<string, number> | null = null

  /** @param most the limit for one client, 0 for none @param open the pool's connections. */
  constructor (most: number, open: Roster<Connection>) {
    this.#most = most === 0 ? Infinity : most
    this.#open = open
  }

  /** True where the exchange's client may use one more connection; `busy` is how many all clients use. */
  admits (exchange: Exchange, busy: number): boolean {
    if (busy < this.#most) return true
    const client = clientOf(exchange.request)
    return client === null || (this.#counted().get(client) ?? 0) < this.#most
  }

  /** The connection serves the exchange from now on. */
  took (connection: Connection, exchange: Exchange): void {
    connection.holder = exchange
    if (this.#counts !== null) this.#count(this.#counts, connection)
  }

  /** The connection serves no exchange any more; `busy` others are in use. */
  left (connection: Connection, busy: number): void {
    const { client } = connection
    connection.holder = connection.client = null
    if (this.#counts === null) return
    if (client !== null) {
      const rest = (this.#counts.get(client) ?? 1) - 1
      if (rest === 0) this.#counts.delete(client)
      else this.#counts.set(client, rest)
    }
    // Counting stops only at half of the limit: otherwise a pool near the limit would be recounted with every request.
    if (busy < this.#most / 2) this.#counts = null
  }

  #counted (): Map<string, number> {
    if (this.#counts !== null) return this.#counts
    const counts = this.#counts = new Map<string, number>()
    for (const connection of this.#open.members()) this.#count(counts, connection)
    return counts
  }

  #count (counts: Map<string, number>, connection: Connection): void {
    const client = connection.client = connection.holder === null ? null : clientOf(connection.holder.request)
    if (client !== null) counts.set(client, (counts.get(client) ?? 0) + 1)
  }
}
