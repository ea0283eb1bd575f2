// What happens to a handshake while it waits for a place? Its client's bytes are kept, and its client's leaving is noticed.
import type { FastifyRequest } from 'fastify'
import type { EarlyClient, EarlyOwner } from '../handshake/early-client.ts'
import type { InLine } from './line.ts'

/** Why a handshake does not go on; null where something else has answered it meanwhile. */
export type Refused = 'BadHandshake' | 'TooMany' | 'TooManyOfKey' | 'Expired' | 'Draining' | 'Closed' | 'ClientGone' | null

/** Where a visitor is: it can be sent away from there. */
export interface VisitOwner {
  giveUp (name: 'Draining' | 'Closed'): void
}

/** Exactly one of `enter` and `refused` is called, once, when it is no longer in the line. */
export interface Visitor {
  readonly request: FastifyRequest
  readonly early: EarlyClient
  /** True where the request was answered, by Fastify's `handlerTimeout`, for example. */
  readonly isAnswered: boolean
  owner: VisitOwner | null
  readonly enter: (key: string | null) => void
  refused (reason: Refused): void
}

/** One that waits. `leaves` takes it out of the line, and then refuses it. */
export class Waiting implements InLine, EarlyOwner, VisitOwner {
  readonly key: string | null
  readonly since = performance.now()
  before: InLine | null = null
  behind: InLine | null = null
  readonly #visitor: Visitor
  readonly #leaves: (waiting: Waiting, reason: Refused) => void

  constructor (visitor: Visitor, key: string | null, leaves: (waiting: Waiting, reason: Refused) => void) {
    this.#visitor = visitor
    this.key = key
    this.#leaves = leaves
  }

  get isAnswered (): boolean {
    return this.#visitor.isAnswered
  }

  /** Begins to read what the client sends. */
  begin (): void {
    this.#visitor.owner = this
    this.#visitor.early.follow(this)
  }

  enter (): void {
    this.#visitor.early.waited = performance.now() - this.since
    this.#visitor.enter(this.key)
  }

  /** No later byte is lost for the answer that follows: the client is paused. */
  refuse (reason: Refused): void {
    const { early } = this.#visitor
    if (reason !== null) early.client.stream.pause()
    early.leave()
    this.#visitor.refused(reason)
  }

  giveUp (name: 'Draining' | 'Closed'): void {
    this.#leaves(this, name)
  }

  expired (): void {
    this.#leaves(this, 'TooMany')
  }

  /** Most clients that end their side have left. The others can still read the answer. A cancelled stream of HTTP/2 ends, too, before it closes. */
  clientEnded (): void {
    this.#leaves(this, this.#visitor.early.client.gone ? 'ClientGone' : 'TooMany')
  }

  clientLeft (): void {
    this.#leaves(this, 'ClientGone')
  }
}
