// One open tunnel: two sockets, the bytes between them, and how it ended.
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Side, TunnelFact, TunnelLimit } from '@fastify-arr/facts'
import { isWebSocket } from '../dispatch/protocols.ts'
import { closeFrame, fitting } from './frames/close-frame.ts'
import { Way, type WayOwner } from './ways/way.ts'
import { follow } from './ways/way-events.ts'

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

/** An open tunnel. The events of its sockets arrive through the two ways. */
export class Tunnel implements WayOwner {
  readonly opening: Opening
  /** Client to upstream. */
  readonly up: Way
  /** Upstream to client. */
  readonly down: Way
  // Limits are measured on `performance.now()`'s clock: the system clock may be changed.
  /** When the first direction ended, or when unsent bytes last moved after that; 0 while both are open. */
  halfClosedAt = 0
  /** When the proxy first asked for its Close frames to be sent; 0 before. */
  goodbyeAt = 0
  readonly #openedAt = performance.now()
  /** When bytes last passed, as of the last check. */
  #movedAt = this.#openedAt
  #lookedAt = this.#openedAt
  #activity: number
  /** Code and reason of the proxy's Close frame, sent or still waiting for a frame boundary. */
  #goodbye = { code: 1001, reason: '' }
  #unsent = 0
  #probed = false
  #open = 2
  /** When a socket was first found destroyed without having emitted 'close'; 0 where there is none. */
  #lostAt = 0

  constructor (client: Duplex, upstream: Duplex, opening: Opening) {
    this.opening = opening
    this.#activity = opening.fact.lastActivity
    this.up = new Way(this, 'client', client, upstream, opening.fact.received, true, opening.rsv)
    this.down = new Way(this, 'upstream', upstream, client, opening.fact.sent, false, opening.rsv)
    if (!opening.fact.observed) this.up.reader.valid = this.down.reader.valid = false
    this.up.reverse = this.down
    this.down.reverse = this.up
  }

  get id (): string {
    return this.opening.fact.id
  }

  get fact (): TunnelFact {
    return this.opening.fact
  }

  /** Starts the flow. `early` is what the client sent before the upstream's 101, `late` what arrived together with it. */
  start (early: Buffer, late: Buffer): void {
    if (late.length > 0) this.down.pass(late)
    if (early.length > 0) this.up.pass(early)
    follow(this.down)
    follow(this.up)
  }

  /** Enables TCP keep-alive probes on both connections after `delay` ms of silence; 0 for none. An HTTP/2 connection is left to its server. */
  keepAlive (delay: number): void {
    if (this.#probed) return
    this.#probed = true
    if (delay === 0) return
    for (const { from } of [this.up, this.down]) if (from instanceof Socket) from.setKeepAlive(true, delay)
  }

  /**
   * Sends a Close frame to both sides (RFC 6455 §5.5.1), each inserted at a frame boundary. A direction whose frames
   * cannot be read, or that already carried a Close frame, gets none.
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

  /**
   * Ends the tunnel because it has reached a limit: a Close frame to both sides and, if these do not end it, a cut after the grace.
   * A tunnel of another protocol has no frame to say goodbye with, and is cut at once. Later calls are ignored.
   */
  end (limit: TunnelLimit, code: number, reason: string): void {
    const { fact } = this
    if (fact.limit !== null || fact.ending !== null) return
    fact.limit = limit
    if (isWebSocket(fact.protocol)) this.close(code, reason)
    else this.destroy('proxy', 'timeout')
  }

  /** The proxy's Close frame was written. One that could not be inserted does not count. */
  saidGoodbye (): void {
    this.saidClose('proxy', this.#goodbye.code, this.#goodbye.reason)
  }

  /** Ends the tunnel at once. */
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

  /** The transport ended: the first report counts. */
  ended (by: Side, ending: TunnelFact['ending']): void {
    const { fact } = this
    fact.closedBy ??= by
    fact.ending ??= ending
  }

  /** How long the tunnel has been open, in ms. */
  age (now: number): number {
    return now - this.#openedAt
  }

  /** How long no bytes have passed, in ms. Must be called regularly: it compares with the last check. */
  quiet (now: number): number {
    const { lastActivity } = this.fact
    if (lastActivity !== this.#activity) {
      this.#activity = lastActivity
      // `lastActivity` is on the system clock, which may have been changed: the activity was not before the last check.
      this.#movedAt = Math.max(this.#lookedAt, now - Math.max(0, Date.now() - lastActivity))
    }
    this.#lookedAt = now
    return now - this.#movedAt
  }

  /** How long a tunnel that is ending has made no progress, in ms; 0 for one that is not ending. */
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

  /** How long the slower side has accepted none of the bytes that wait for it, in ms. */
  untaken (now: number): number {
    return Math.max(this.up.untaken(now), this.down.untaken(now))
  }

  /** How long a destroyed socket has not emitted 'close', in ms; 0 where there is none. */
  lost (now: number): number {
    if (!this.up.isLost && !this.down.isLost) {
      this.#lostAt = 0
      return 0
    }
    this.#lostAt ||= now
    return now - this.#lostAt
  }

  /** Emits 'close' for a destroyed socket that does not do so itself: tunnel, log line and drain wait for the event. */
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
