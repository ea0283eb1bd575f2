// For how long has a tunnel been open, quiet, half closed, parting or stuck? On `performance.now()`'s clock: the system clock may be changed.
import type { TunnelFact } from '@fastify-arr/facts'
import type { Way } from '../ways/way.ts'

/** What the clocks look at: the tunnel. */
export interface Timed {
  readonly fact: TunnelFact
  readonly up: Way
  readonly down: Way
  /** When the first direction ended, or when unsent bytes last moved after that; 0 while both are open. */
  halfClosedAt: number
  /** When the proxy first asked for its Close frames to be sent; 0 before. */
  readonly goodbyeAt: number
}

/** The clocks of one tunnel. Some compare with the last check: they must be read regularly. */
export class Clocks {
  readonly #tunnel: Timed
  /** For whoever moves the tunnel. */
  openedAt = performance.now()
  /** When bytes last passed, as of the last check. */
  movedAt = this.openedAt
  #lookedAt = this.openedAt
  #activity: number
  #unsent = 0
  /** When a socket was first found destroyed without having emitted 'close'; 0 where there is none. */
  #lostAt = 0

  constructor (tunnel: Timed) {
    this.#tunnel = tunnel
    this.#activity = tunnel.fact.lastActivity
  }

  /** How long the tunnel has been open, in ms. */
  age (now: number): number {
    return now - this.openedAt
  }

  /** How long no bytes have passed, in ms. Must be called regularly: it compares with the last check. */
  quiet (now: number): number {
    const { lastActivity } = this.#tunnel.fact
    if (lastActivity !== this.#activity) {
      this.#activity = lastActivity
      // `lastActivity` is on the system clock, which may have been changed: the activity was not before the last check.
      this.movedAt = Math.max(this.#lookedAt, now - Math.max(0, Date.now() - lastActivity))
    }
    this.#lookedAt = now
    return now - this.movedAt
  }

  /** How long ago the proxy said goodbye, in ms; -1 where it has not. A drain has its own deadline, and counts as none. */
  parting (now: number): number {
    const { goodbyeAt, fact } = this.#tunnel
    return goodbyeAt === 0 || fact.ending === 'drain' ? -1 : now - goodbyeAt
  }

  /** How long a tunnel of which one direction has ended has made no progress, in ms; 0 where none has ended. */
  stalled (now: number): number {
    const tunnel = this.#tunnel
    if (tunnel.halfClosedAt === 0) return 0
    const unsent = tunnel.up.to.writableLength + tunnel.down.to.writableLength
    if (unsent !== this.#unsent) {
      this.#unsent = unsent
      tunnel.halfClosedAt = now
    }
    return Math.min(now - tunnel.halfClosedAt, this.quiet(now))
  }

  /** How long the slower side has accepted none of the bytes that wait for it, in ms. */
  untaken (now: number): number {
    return Math.max(this.#tunnel.up.untaken(now), this.#tunnel.down.untaken(now))
  }

  /** How long a destroyed socket has not emitted 'close', in ms; 0 where there is none. */
  lost (now: number): number {
    const { up, down } = this.#tunnel
    if (!up.isLost && !down.isLost) {
      this.#lostAt = 0
      return 0
    }
    this.#lostAt ||= now
    return now - this.#lostAt
  }
}
