// The tunnels of one proxy: how do they open, how are their limits enforced, and how do they end?
import { channel } from 'node:diagnostics_channel'
import type { Duplex } from 'node:stream'
import { CHANNELS, type RequestFacts, type TunnelFilter, type TunnelMessage, type TunnelOpened, type Upstream } from '@fastify-arr/facts'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { upgradeOf } from '../dispatch/upgrade.ts'
import { describe, ERRORS } from '../errors.ts'
import { dropUnsendable } from '../forward/reply/reply-headers.ts'
import type { Settings } from '../options.ts'
import type { AnswerWay } from '../route/answer-way.ts'
import { runAfterLeaving } from '../route/on-send.ts'
import type { Route } from '../route/route.ts'
import { type Place, Roster } from '../sockets/roster.ts'
import { type Drain, drainTunnels } from './ending/drain.ts'
import { reservedBits } from './frames/frames.ts'
import { clientSide, type ClientSide } from './handshake/client-side.ts'
import { Handshake } from './handshake/handshake.ts'
import { offerOf } from './handshake/handshake-head.ts'
import type { Opened } from './handshake/opened.ts'
import { tellFinished } from './handshake/opening-hooks.ts'
import { holdLimits, SWEEP } from './ending/limits.ts'
import { holdPing } from './ending/ping.ts'
import { matches } from './register/filter.ts'
import { type OpenTunnels, type Registration, view } from './register/open-tunnels.ts'
import { newFact } from './register/new-fact.ts'
import { type Terms, termsOf } from './register/terms.ts'
import { Tunnel } from './tunnel.ts'

/** Diagnostics channel: `{ request, tunnel, open }`, where `tunnel` is the tunnel's fact, and `open` can close it. */
export const OPEN = channel(CHANNELS.tunnelOpen)
/** Diagnostics channel: `{ request, tunnel }`, when both sockets of the tunnel have closed. */
export const CLOSE = channel(CHANNELS.tunnelClose)

// RFC 9110 §11.6.1: a 401 must say how one authorizes oneself; RFC 6750 §3.1
const EXPIRED = 'Bearer error="invalid_token"'

/** A handshake under way, and whose it is. */
interface Pending {
  readonly handshake: Handshake
  readonly request: FastifyRequest
  readonly terms: Terms
}

/** Opens tunnels, enforces their limits, and ends them with a Close frame when the server closes. */
export class Tunnels {
  /** The open tunnels of all proxies of the server. */
  readonly open: OpenTunnels
  readonly #own = new Roster<Tunnel>()
  readonly #settings: Settings
  readonly #pending = new Roster<Pending>()
  #sweeper: NodeJS.Timeout | undefined
  #draining = false
  #drain: Drain | null = null

  constructor (open: OpenTunnels, settings: Settings) {
    this.open = open
    this.#settings = settings
    open.join(this)
  }

  /** Takes an upgrade to its upstream. `done` gets the error that Fastify has to answer; without one, the request is answered here. */
  take (request: FastifyRequest, reply: FastifyReply, route: Route, way: AnswerWay, done: (error?: Error) => void): void {
    const upgrade = upgradeOf(request.raw)
    const fact = request.upstream as Upstream
    if (upgrade === undefined) throw new ERRORS.BadHandshake()
    const { maxTunnels, retryAfter, until, key } = this.#settings.tunnel
    const refuse = (error: Error): void => {
      dropUnsendable(reply)
      if (error instanceof ERRORS.Draining || error instanceof ERRORS.TooMany) reply.header('retry-after', String(retryAfter))
      if (error instanceof ERRORS.Expired) reply.header('www-authenticate', EXPIRED)
      done(error)
    }
    const client = clientSide(upgrade)
    client.decline(reply) // until the upstream has answered 101
    const offered = offerOf(request, upgrade, this.#settings.upgrades)
    if (offered.length === 0) {
      fact.error = describe('BadHandshake', 'connect', 'client')
      refuse(new ERRORS.BadHandshake())
      return
    }
    const terms = termsOf(request, until.at, key)
    if (terms instanceof Error) {
      refuse(terms)
      return
    }
    if (this.#draining || (maxTunnels > 0 && this.#own.size + this.#pending.size >= maxTunnels)) {
      const name = this.#draining ? 'Draining' : 'TooMany'
      fact.error = describe(name, 'connect', 'proxy')
      refuse(new ERRORS[name]())
      return
    }
    const handshake: Handshake = new Handshake(request, reply, client, offered, this.#settings, way,
      opened => {
        this.#pending.strike(pending)
        reply.hijack()
        client.open(reply)
        if (this.#settings.tunnel.settles) settle(client.stream)
        this.#begin(request, client, opened, terms)
        done()
        tellFinished(reply)
      },
      (error, isAnswered) => {
        this.#pending.strike(pending)
        // Through the reply: Fastify must neither go on to the route's handler nor be told that the reply is not its own.
        if (isAnswered) return
        if (error !== null) {
          refuse(error)
          return
        }
        if (request.upstream?.error?.side === 'client') runAfterLeaving(way, request, reply)
        if (!reply.sent) reply.hijack()
        done()
      })
    const pending = this.#pending.add({ handshake, request, terms })
    try {
      handshake.begin(route)
    } catch (error) {
      this.#pending.strike(pending)
      dropUnsendable(reply)
      throw error
    }
  }

  #begin (request: FastifyRequest, client: ClientSide, opened: Opened, terms: Terms): void {
    const upstream = request.upstream as Upstream
    const fact = newFact(request.upstream as Upstream, client.http, opened)
    upstream.tunnel = fact
    const tunnel: Tunnel = new Tunnel(client.stream, opened.upstream, {
      fact,
      ...terms,
      site: siteOf(request),
      upstream: upstream.server,
      remoteAddress: request.ip,
      rsv: reservedBits(fact.extensions),
      limits: this.#settings.tunnel.frames,
      onEnd: () => {
        this.#ended(own, open)
        if (CLOSE.hasSubscribers) CLOSE.publish({ request, tunnel: fact } satisfies TunnelMessage)
      },
      onUnreadable: (_, side) => request.log.debug({ side }, 'the frames of this WebSocket cannot be read; its bytes still pass')
    })
    const open = this.open.add(tunnel)
    const own = this.#own.add(tunnel)
    this.#sweeper ??= setInterval(() => this.#sweep(), SWEEP).unref()
    if (OPEN.hasSubscribers) OPEN.publish({ request, tunnel: fact, open: view(tunnel) } satisfies TunnelOpened)
    tunnel.start(opened.early, opened.late)
  }

  #ended (own: Place<Tunnel>, open: Registration): void {
    this.#own.strike(own)
    this.open.strike(open)
    this.#drain?.ended(own.member)
    if (this.#own.size > 0) return
    clearInterval(this.#sweeper)
    this.#sweeper = undefined
  }

  #sweep (): void {
    const limits = { ...this.#settings.tunnel, sendTimeout: this.#settings.forward.sendTimeout }
    const now = performance.now()
    const date = Date.now()
    for (const tunnel of this.#own.members()) {
      holdLimits(tunnel, limits, now, date)
      if (limits.ping !== null) holdPing(tunnel, limits.ping, now)
    }
  }

  /** Refuses the handshakes under way that the filter means, and returns how many there were. */
  refuse (filter: TunnelFilter): number {
    const meant = this.#pending.members().filter(({ request, terms }) => matches(filter, { site: siteOf(request), server: request.upstream?.server ?? '', key: terms.key }))
    for (const { handshake } of meant) handshake.giveUp('Closed')
    return meant.length
  }

  /** How many are open. */
  get size (): number {
    return this.#own.size
  }

  /** Refuses new upgrades, sends Close frames into the open tunnels and resolves when none is left, at the deadline at the latest. */
  async drain (share: number): Promise<void> {
    this.#draining = true
    for (const { handshake } of this.#pending.members()) handshake.giveUp('Draining')
    if (this.#own.size === 0) return
    this.#drain = drainTunnels(this.#own, this.#settings.tunnel.drain, share)
    await this.#drain.done
  }
}

function siteOf (request: FastifyRequest & RequestFacts): string | null {
  return request.site?.name ?? null
}

/** Keeps what follows the 101 for two turns of the event loop: a client in this process has then seen that its WebSocket is open. */
function settle (stream: Duplex): void {
  stream.cork()
  setImmediate(() => { setImmediate(() => { stream.uncork() }) })
}
