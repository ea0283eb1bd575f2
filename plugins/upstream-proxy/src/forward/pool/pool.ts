// Which connection serves the next exchange? Kept-alive ones first, new ones up to a limit, then a queue.
import type { UpstreamPool } from '@fastify-arr/facts'
import { attemptBegan } from '../../onlookers/tell-attempt.ts'
import type { Origin } from '../../route/target.ts'
import { Roster } from '../../sockets/roster.ts'
import type { ForwardSettings } from '../options.ts'
import { ClientShare } from './client-share.ts'
import { Connection } from './connection.ts'
import type { Exchange, Owner } from './exchange.ts'
import { Queue, type Wait } from './queue.ts'

/** The connections to one origin. */
export class Pool implements Owner<Connection> {
  readonly origin: Origin
  readonly #settings: ForwardSettings
  readonly #emptied: () => void
  readonly #open = new Roster<Connection>()
  readonly #idle: Connection[] = []
  readonly #share: ClientShare
  readonly #queue: Queue
  #closing = false

  /** `emptied` is called when the pool has no connection left. */
  constructor (origin: Origin, settings: ForwardSettings, emptied: () => void) {
    this.#emptied = emptied
    this.origin = origin
    this.#settings = settings
    this.#share = new ClientShare(settings.perClient, this.#open)
    this.#queue = new Queue(settings.queueTimeout)
  }

  /** Gives the exchange a connection, now or as soon as there is one. `fresh` excludes keep-alive connections. */
  serve (exchange: Exchange, fresh = false): void {
    const isAdmitted = this.#share.admits(exchange, this.#busy)
    const kept = fresh || !isAdmitted ? undefined : this.#kept()
    if (kept !== undefined) {
      this.#give(kept, exchange)
    } else if (isAdmitted && this.#open.size < this.#settings.maxConnections) {
      attemptBegan(exchange.request, this.origin.name)
      const connection = new Connection(this.origin, this, this.#settings, exchange)
      connection.place = this.#open.add(connection)
      this.#share.took(connection, exchange)
      exchange.dialling(connection)
    } else {
      this.#queue.add(exchange, fresh)
    }
  }

  /** Removes the exchange from the queue. */
  forget (exchange: Exchange): void {
    this.#queue.remove(exchange)
  }

  free (connection: Connection): void {
    this.#share.left(connection, this.#busy - 1)
    // It has just served an exchange, so it also serves a waiting exchange that asked for a fresh connection.
    const next = this.#next()
    if (next !== null) this.#give(connection, next.exchange)
    else if (this.#closing || this.#idle.length >= this.#settings.maxIdle) connection.abandon()
    else this.#idle.push(connection)
  }

  gone (connection: Connection): void {
    if (connection.place !== null) this.#open.strike(connection.place)
    const at = this.#idle.indexOf(connection)
    if (at !== -1) this.#idle.splice(at, 1)
    this.#share.left(connection, this.#busy)
    const next = this.#next()
    if (next !== null) this.serve(next.exchange, next.fresh)
    if (this.#open.size === 0) this.#emptied()
  }

  /** Ends every connection. */
  close (): void {
    this.#closing = true
    this.#queue.stop()
    for (const connection of this.#open.members()) connection.abandon()
  }

  /** How many connections there are, and how many requests wait for one. */
  get load (): UpstreamPool {
    return { server: this.origin.name, connections: this.#open.size, idle: this.#idle.length, waiting: this.#queue.size }
  }

  /** How many connections are in use or being opened. */
  get #busy (): number {
    return this.#open.size - this.#idle.length
  }

  #give (connection: Connection, exchange: Exchange): void {
    this.#share.took(connection, exchange)
    attemptBegan(exchange.request, this.origin.name)
    connection.take(exchange)
  }

  #kept (): Connection | undefined {
    // The most recently used connection is the least likely to have been closed by the upstream.
    let kept = this.#idle.pop()
    while (kept?.dead === true) kept = this.#idle.pop()
    return kept
  }

  #next (): Wait | null {
    return this.#queue.size === 0 ? null : this.#queue.next(exchange => this.#share.admits(exchange, this.#busy))
  }
}
