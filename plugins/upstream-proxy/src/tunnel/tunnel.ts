// One open tunnel: two sockets, what passes between them, and how it ended.
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Side, TunnelFact } from '@fastify-arr/facts'
import { closeFrame, fitting } from './close-frame.ts'
import { Way, type WayOwner } from './way.ts'
import { follow } from './way-events.ts'

/** What is known about a tunnel when it opens. */
export interface Opening {
  readonly fact: TunnelFact
  readonly site: string | null
  readonly upstream: string
  readonly remoteAddress: string
  /** Reserved bits that the negotiated extensions may set. */
  readonly rsv: number
  /** Once, when both sockets have closed. */
  readonly onEnd: (tunnel: Tunnel) => void
  /** Once, when a direction's frames stop being readable. */
  readonly onUnreadable: (tunnel: Tunnel, side: Side) => void
}

/** An open tunnel. Its sides' events come in through the two ways. */
export class Tunnel implements WayOwner {
  readonly opening: Opening
  /** Client to upstream. */
  readonly up: Way
  /** Upstream to client. */
  readonly down: Way
  // Limits are counted on `performance.now()`'s clock: the other may be set.
  /** When the first direction ended, or what was left after that last moved; 0 while both are open. */
  halfClosedAt = 0
  /** When we said goodbye; 0 while we have not. */
  goodbyeAt = 0
  readonly #openedAt = performance.now()
  /** When something last passed, as the last look found it. */
  #movedAt = this.#openedAt
  #lookedAt = this.#openedAt
  #activity: number
  /** The goodbye that waits for its place, or is said. */
  #goodbye = { code: 1001, reason: '' }
  #unsent = 0
  #probed = false
  #open = 2
  /** When a socket was first seen destroyed that has not told of its close; 0 where there is none. */
  #lostAt = 0

  constructor (client: Duplex, upstream: Duplex, opening: Opening) {
    this.opening = opening
    this.#activity = opening.fact.lastActivity
    this.up = new Way(this, 'client', client, upstream, opening.fact.received, true, opening.rsv)
    this.down = new Way(this, 'upstream', upstream, client, opening.fact.sent, false, opening.rsv)
    this.up.reverse = this.down
    this.down.reverse = this.up
  }

  get id (): string {
    return this.opening.fact.id
  }

  get fact (): TunnelFact {
    return this.opening.fact
  }

  /** Starts the flow. `early` is what the client sent before the upstream had answered, `late` what came glued to the answer. */
  start (early: Buffer, late: Buffer): void {
    if (late.length > 0) this.down.pass(late)
    if (early.length > 0) this.up.pass(early)
    follow(this.down)
    follow(this.up)
  }

  /** Has TCP probe both connections when they are quiet for so many ms; 0 for never. An HTTP/2 connection is its server's. */
  keepAlive (delay: number): void {
    if (this.#probed) return
    this.#probed = true
    if (delay === 0) return
    for (const { from } of [this.up, this.down]) if (from instanceof Socket) from.setKeepAlive(true, delay)
  }

  /**
   * Says goodbye to both sides with a Close frame (RFC 6455 §5.5.1), each put in where a frame ends.
   * A side whose frames cannot be read, or that has sent or been sent a Close frame, gets none.
   */
  close (code = 1001, reason = ''): void {
    const said = fitting(reason)
    if (this.goodbyeAt === 0) {
      this.goodbyeAt = performance.now()
      this.#goodbye = { code, reason: said }
    }
    this.down.inject(closeFrame(code, said, false))
    this.up.inject(closeFrame(code, said, true))
  }

  /** Our Close frame was put in. One that finds no place is none. */
  saidGoodbye (): void {
    this.saidClose('proxy', this.#goodbye.code, this.#goodbye.reason)
  }

  /** Ends it at once. */
  destroy (by: Side, ending: TunnelFact['ending']): void {
    this.ended(by, ending)
    this.up.from.destroy()
    this.down.from.destroy()
  }

  /** A Close frame passed. */
  saidClose (by: Side, code: number | null, reason: string): void {
    const { fact } = this
    if (fact.closedBy !== null) return
    fact.closedBy = by
    fact.closeCode = code
    fact.closeReason = reason
  }

  /** A direction's frames stopped being readable. */
  unreadable (side: Side): void {
    this.fact.observed = false
    this.opening.onUnreadable(this, side)
  }

  /** The transport ended: the first word counts. */
  ended (by: Side, ending: TunnelFact['ending']): void {
    const { fact } = this
    fact.closedBy ??= by
    fact.ending ??= ending
  }

  /** How long it has been open, in ms. */
  age (now: number): number {
    return now - this.#openedAt
  }

  /** How long nothing has passed, in ms: to be asked again and again. */
  quiet (now: number): number {
    const { lastActivity } = this.fact
    if (lastActivity !== this.#activity) {
      this.#activity = lastActivity
      // A clock that was set meanwhile may say anything: it was since the last look.
      this.#movedAt = Math.max(this.#lookedAt, now - Math.max(0, Date.now() - lastActivity))
    }
    this.#lookedAt = now
    return now - this.#movedAt
  }

  /** How long a tunnel that is ending has not come nearer to its end, in ms; 0 for one that is not ending. */
  stalled (now: number): number {
    // A drain has its own deadline.
    if (this.goodbyeAt > 0 && this.fact.ending !== 'drain') return now - this.goodbyeAt
    if (this.halfClosedAt === 0) return 0
    const unsent = this.up.to.writableLength + this.down.to.writableLength
    if (unsent !== this.#unsent) {
      this.#unsent = unsent
      this.halfClosedAt = now
    }
    return Math.min(now - this.halfClosedAt, this.quiet(now))
  }

  /** How long the side that is slower to take what waits for it has taken nothing, in ms. */
  untaken (now: number): number {
    return Math.max(this.up.untaken(now), this.down.untaken(now))
  }

  /** How long a destroyed socket has not told of its close, in ms; 0 where there is none. */
  lost (now: number): number {
    if (!this.up.isLost && !this.down.isLost) {
      this.#lostAt = 0
      return 0
    }
    this.#lostAt ||= now
    return now - this.#lostAt
  }

  /** Closes for a destroyed socket that does not tell of it: tunnel, log line and drain wait for that. */
  letGo (): void {
    for (const { from, isLost } of [this.up, this.down]) if (isLost) from.emit('close')
  }

  /** One of the sockets has closed. */
  sideClosed (): void {
    if (--this.#open > 0) return
    this.up.closed()
    this.down.closed()
    this.opening.onEnd(this)
  }
}
