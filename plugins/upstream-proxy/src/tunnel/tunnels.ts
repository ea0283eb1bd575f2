// The tunnels of one proxy: how do they open, how are their limits enforced, and how do they end?
import { channel } from 'node:diagnostics_channel'
import type { Duplex } from 'node:stream'
import { CHANNELS, type Flow, type RequestFacts, type Side, type TunnelFact, type TunnelMessage, type Upstream } from '@fastify-arr/facts'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { isWebSocket } from '../dispatch/protocols.ts'
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
import { valueOf } from './handshake/answer-head.ts'
import { clientSide, type ClientSide } from './handshake/client-side.ts'
import { Handshake } from './handshake/handshake.ts'
import { offerOf } from './handshake/handshake-head.ts'
import type { Opened } from './handshake/opened.ts'
import { tellFinished } from './handshake/opening-hooks.ts'
import { holdLimits, SWEEP } from './ending/limits.ts'
import type { OpenTunnels } from './register/open-tunnels.ts'
import { Tunnel } from './tunnel.ts'

/** Diagnostics channel: `{ request, tunnel }`, where `tunnel` is the tunnel's fact. */
export const OPEN = channel(CHANNELS.tunnelOpen)
/** Diagnostics channel: `{ request, tunnel }`, when both sockets of the tunnel have closed. */
export const CLOSE = channel(CHANNELS.tunnelClose)

/** Opens tunnels, enforces their limits, and ends them with a Close frame when the server closes. */
export class Tunnels {
  /** The open tunnels of all proxies of the server. */
  readonly open: OpenTunnels
  readonly #own = new Roster<Tunnel>()
  readonly #settings: Settings
  readonly #pending = new Roster<Handshake>()
  #sweeper: NodeJS.Timeout | undefined
  #draining = false
  #drain: Drain | null = null

  constructor (open: OpenTunnels, settings: Settings) {
    this.open = open
    this.#settings = settings
  }

  /** Takes an upgrade to its upstream. `done` gets the error that Fastify has to answer; without one, the request is answered here. */
  take (request: FastifyRequest, reply: FastifyReply, route: Route, way: AnswerWay, done: (error?: Error) => void): void {
    const upgrade = upgradeOf(request.raw)
    const fact = request.upstream as Upstream
    if (upgrade === undefined) throw new ERRORS.BadHandshake()
    const { maxTunnels, retryAfter } = this.#settings.tunnel
    const refuse = (error: Error): void => {
      dropUnsendable(reply)
      if (error instanceof ERRORS.Draining || error instanceof ERRORS.TooMany) reply.header('retry-after', String(retryAfter))
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
        this.#begin(request, client, opened)
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
    const pending = this.#pending.add(handshake)
    try {
      handshake.begin(route)
    } catch (error) {
      this.#pending.strike(pending)
      dropUnsendable(reply)
      throw error
    }
  }

  #begin (request: FastifyRequest, client: ClientSide, opened: Opened): void {
    const upstream = request.upstream as Upstream
    const fact = newFact(request.upstream as Upstream, client.http, opened)
    upstream.tunnel = fact
    const tunnel: Tunnel = new Tunnel(client.stream, opened.upstream, {
      fact,
      site: (request as FastifyRequest & RequestFacts).site?.name ?? null,
      upstream: upstream.server,
      remoteAddress: request.ip,
      rsv: reservedBits(fact.extensions),
      onEnd: () => {
        this.#ended(own, open)
        if (CLOSE.hasSubscribers) CLOSE.publish({ request, tunnel: fact } satisfies TunnelMessage)
      },
      onUnreadable: (_, side) => request.log.debug({ side }, 'the frames of this WebSocket cannot be read; its bytes still pass')
    })
    const open = this.open.add(tunnel)
    const own = this.#own.add(tunnel)
    this.#sweeper ??= setInterval(() => this.#sweep(), SWEEP).unref()
    if (OPEN.hasSubscribers) OPEN.publish({ request, tunnel: fact } satisfies TunnelMessage)
    tunnel.start(opened.early, opened.late)
  }

  #ended (own: Place<Tunnel>, open: Place<Tunnel>): void {
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
    for (const tunnel of this.#own.members()) holdLimits(tunnel, limits, now)
  }

  /** How many are open. */
  get size (): number {
    return this.#own.size
  }

  /** Refuses new upgrades, sends Close frames into the open tunnels and resolves when none is left, at the deadline at the latest. */
  async drain (share: number): Promise<void> {
    this.#draining = true
    for (const handshake of this.#pending.members()) handshake.giveUp()
    if (this.#own.size === 0) return
    this.#drain = drainTunnels(this.#own, this.#settings.tunnel.drain, share)
    await this.#drain.done
  }
}

/** Keeps what follows the 101 for two turns of the event loop: a client in this process has then seen that its WebSocket is open. */
function settle (stream: Duplex): void {
  stream.cork()
  setImmediate(() => { setImmediate(() => { stream.uncork() }) })
}

function newFact (upstream: Upstream, http: '1.1' | '2', { head, protocol }: Opened): TunnelFact {
  const now = Date.now()
  return {
    id: upstream.logId,
    http,
    protocol,
    openedAt: now,
    handshakeTime: upstream.firstByteTime ?? 0,
    subprotocol: valueOf(head.headers, 'sec-websocket-protocol'),
    extensions: valueOf(head.headers, 'sec-websocket-extensions'),
    received: newFlow(),
    sent: newFlow(),
    lastActivity: now,
    // Only a WebSocket has frames that can be read.
    observed: isWebSocket(protocol),
    closedBy: null as Side | null,
    closeCode: null,
    closeReason: null,
    ending: null,
    limit: null
  }
}

function newFlow (): Flow {
  return { bytes: 0, messages: 0, text: 0, binary: 0, pings: 0, pongs: 0 }
}
