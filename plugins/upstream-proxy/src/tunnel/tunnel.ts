// One open tunnel: two sockets, the bytes between them, and how it ended.
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Side, TunnelFact, TunnelLimit } from '@fastify-arr/facts'
import type { FastifyRequest } from 'fastify'
import type { ProxyPlace } from '../hand-over/proxy-place.ts'
import type { TunnelWatches } from '../onlookers/tunnel-watches.ts'
import { Clocks, type Timed } from './ending/clocks.ts'
import { closeFrame, fitting } from './frames/close-frame.ts'
import { type Framing, makeWay } from './ways/make-way.ts'
import type { WayOwner, WaySide } from './ways/way-owner.ts'
import type { Way } from './ways/way.ts'
import { follow } from './ways/way-events.ts'

/** What is known about a tunnel when it opens. */
export interface Opening extends Framing {
  readonly request: FastifyRequest
  /** Which proxy has it. */
  readonly proxy: ProxyPlace
  /** The key that it counts for; null for none. */
  readonly counted: string | null
  readonly site: string | null
  readonly upstream: string
  readonly remoteAddress: string
  /** Whose it is; null where nobody says. */
  readonly key: string | null
  /** When it ends at the latest, ms since the epoch; Infinity where nobody says. */
  readonly until: number
  /** Once, when both sockets have closed or, with `hasLeft`, when another process has it. */
  readonly onEnd: (tunnel: Tunnel, hasLeft: boolean) => void
  /** Once, when a direction's frames stop being readable. */
  readonly onUnreadable: (tunnel: Tunnel, side: Side) => void
}

/** An open tunnel. The events of its sockets arrive through the two ways. */
export class Tunnel implements WayOwner, Timed {
  readonly opening: Opening
  /** Client to upstream. */
  readonly up: Way
  /** Upstream to client. */
  readonly down: Way
  readonly clocks: Clocks
  halfClosedAt = 0
  goodbyeAt = 0
  /** Who watches what passes; null where nobody does. */
  watch: TunnelWatches | null = null
  /** Code and reason of the proxy's Close frame, sent or still waiting for a frame boundary. */
  goodbye = { code: 1001, reason: '' }
  /** What has to wait while it is under way to another process, and nothing may be written to its sockets; null while it is here. */
  away: Array<() => void> | null = null
  #probed = false
  #open = 2

  constructor (client: Duplex, upstream: Duplex, opening: Opening) {
    this.opening = opening
    this.up = makeWay(this, 'client', client, upstream, opening)
    this.down = makeWay(this, 'upstream', upstream, client, opening)
    if (!opening.fact.observed) this.up.reader.valid = this.down.reader.valid = false
    this.up.reverse = this.down
    this.down.reverse = this.up
    this.clocks = new Clocks(this)
  }

  get id (): string {
    return this.opening.fact.id
  }

  get fact (): TunnelFact {
    return this.opening.fact
  }

  /** True once both sockets have closed: nothing is told of it any more. */
  get isOver (): boolean {
    return this.#open === 0
  }

  /** From now on these are told what passes; null for nobody. */
  watchedBy (watches: TunnelWatches | null): void {
    this.watch = watches
    this.up.reader.watch = watches?.up ?? null
    this.down.reader.watch = watches?.down ?? null
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
    if (this.away !== null) {
      this.away.push(() => { this.close(code, reason) })
      return
    }
    const said = fitting(reason)
    if (this.goodbyeAt === 0) {
      this.goodbyeAt = performance.now()
      this.goodbye = { code, reason: said }
    }
    this.down.inject(closeFrame(code, said, false))
    this.up.inject(closeFrame(code, said, true))
  }

  /** Says goodbye with a Close frame to both sides; cuts the tunnel where neither can be told: its frames cannot be read, or its protocol has none. */
  part (ending: TunnelFact['ending'], code: number, reason: string): void {
    if (this.up.canClose || this.down.canClose) this.close(code, reason)
    else this.destroy('proxy', ending)
  }

  /**
   * Ends the tunnel because it has reached a limit: a Close frame to both sides and, if these do not end it, a cut after the grace.
   * One that has had its goodbye already is cut. Only the first limit counts.
   */
  end (limit: TunnelLimit, code: number, reason: string): void {
    if (this.fact.limit !== null) return
    if (this.goodbyeAt !== 0) {
      this.cut(limit)
      return
    }
    this.fact.limit = limit
    this.part('timeout', code, reason)
  }

  /** Cuts the tunnel because it has reached a limit at which nothing can be said. */
  cut (limit: TunnelLimit): void {
    this.fact.limit ??= limit
    this.destroy('proxy', 'timeout')
  }

  /** The proxy's Close frame was written. One that could not be inserted does not count. */
  saidGoodbye (): void {
    this.saidClose('proxy', this.goodbye.code, this.goodbye.reason)
  }

  /** Ends the tunnel at once. */
  destroy (by: Side, ending: TunnelFact['ending']): void {
    if (this.away !== null) {
      this.away.push(() => { this.destroy(by, ending) })
      return
    }
    this.ended(by, ending)
    this.watch?.ended('client', 'cut', null)
    this.watch?.ended('upstream', 'cut', null)
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
  unreadable (side: WaySide): void {
    this.fact.observed = false
    this.watch?.unreadable(side)
    this.opening.onUnreadable(this, side)
  }

  /** The transport ended: the first report counts. */
  ended (by: Side, ending: TunnelFact['ending']): void {
    const { fact } = this
    fact.closedBy ??= by
    fact.ending ??= ending
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
    this.opening.onEnd(this, false)
  }
}
