// The tunnels of one proxy: how do they open, how are their limits enforced, and how do they end?
import type { RequestFacts, TunnelFilter, Upstream } from '@fastify-arr/facts'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { upgradeOf } from '../dispatch/upgrade.ts'
import { describe, ERRORS } from '../errors.ts'
import { Errand } from '../farm/errand.ts'
import { tunnelFailure } from '../farm/tunnel-failure.ts'
import { tunnelClosed, tunnelOpened } from '../onlookers/tell-tunnel.ts'
import type { Settings } from '../options.ts'
import type { AnswerWay } from '../route/answer-way.ts'
import type { NextRoute } from '../route/attempts.ts'
import type { Route } from '../route/route.ts'
import { type Place, Roster } from '../sockets/roster.ts'
import { settle } from '../sockets/settle.ts'
import { Admission } from './admission/admission.ts'
import { Visit } from './admission/visit.ts'
import { type Drain, drainTunnels } from './ending/drain.ts'
import { reservedBits } from './frames/frames.ts'
import { clientSide } from './handshake/client-side.ts'
import { EarlyClient } from './handshake/early-client.ts'
import { Handshake } from './handshake/handshake.ts'
import { offerOf } from './handshake/handshake-head.ts'
import type { Opened } from './handshake/opened.ts'
import { holdLimits, SWEEP } from './ending/limits.ts'
import { holdPing } from './ending/ping.ts'
import { matches } from './register/filter.ts'
import { type OpenTunnels, type Registration, view } from './register/open-tunnels.ts'
import { newFact } from './register/new-fact.ts'
import { NO_TERMS, termsOf } from './register/terms.ts'
import { Tunnel } from './tunnel.ts'

/** Opens tunnels, enforces their limits, and ends them with a Close frame when the server closes. */
export class Tunnels {
  /** The open tunnels of all proxies of the server. */
  readonly open: OpenTunnels
  readonly #own = new Roster<Tunnel>()
  readonly #settings: Settings
  /** The upgrades that wait or whose handshake is under way. */
  readonly #pending = new Roster<Visit>()
  readonly #admission: Admission
  readonly #next: NextRoute | null
  #sweeper: NodeJS.Timeout | undefined
  #drain: Drain | null = null

  /** `next` gives the route of a handshake's further attempts; with null there are none. `admission` has the places that they share with others. */
  constructor (open: OpenTunnels, settings: Settings, next: NextRoute | null, admission = new Admission(settings.tunnel.admission, settings.tunnel.maxTunnels)) {
    this.open = open
    this.#settings = settings
    this.#admission = admission
    this.#next = next
    open.join(this)
  }

  /** Takes an upgrade to its upstream. `done` gets the error that Fastify has to answer; without one, the request is answered here. */
  take (request: FastifyRequest, reply: FastifyReply, route: Route, way: AnswerWay, done: (error?: Error) => void): void {
    const upgrade = upgradeOf(request.raw)
    if (upgrade === undefined) throw new ERRORS.BadHandshake()
    const { retryAfter, until, key } = this.#settings.tunnel
    const client = clientSide(upgrade)
    client.decline(reply) // until the upstream has answered 101
    const offered = offerOf(request, upgrade, this.#settings.upgrades)
    const terms = termsOf(request, until.at, key)
    const visit: Visit = new Visit(request, reply, new EarlyClient(client), way, terms instanceof Error ? NO_TERMS : terms, retryAfter, () => { this.#pending.strike(place) }, done, counted => { this.#shakeHands(visit, route, way, offered, counted) })
    const place = this.#pending.add(visit)
    if (offered.length === 0) {
      visit.refused('BadHandshake')
    } else if (terms instanceof Error) {
      visit.end(terms)
    } else {
      try {
        this.#admission.admit(visit)
      } catch (error) {
        // The function that names the key has failed.
        ;(request.upstream as Upstream).error = describe('BadLimit', 'connect', 'proxy')
        visit.end(error as Error)
      }
    }
  }

  /** `counted` is the key that the handshake counts for. */
  #shakeHands (visit: Visit, route: Route, way: AnswerWay, offered: readonly string[], counted: string | null): void {
    const { request, reply, early, terms } = visit
    const { client } = early
    // It may have waited for longer than its token is valid.
    if (Date.now() >= terms.until) {
      this.#admission.failed(counted)
      early.leave()
      visit.refused('Expired')
      return
    }
    const errand = route.farm == null ? null : new Errand(request, reply, route, route.farm, this.#settings.origins)
    const handshake = new Handshake(request, reply, early, offered, this.#settings, way, this.#next, errand,
      opened => {
        this.#admission.opened()
        visit.over()
        reply.hijack()
        client.open(reply)
        if (this.#settings.tunnel.settles) settle(client.stream)
        this.#begin(visit, opened, counted, errand)
        visit.opened()
      },
      (error, isAnswered) => {
        this.#admission.failed(counted)
        if (isAnswered) visit.over()
        else visit.end(error)
      })
    handshake.until = terms.until
    visit.owner = handshake
    try {
      handshake.begin(route)
    } catch (error) {
      this.#admission.failed(counted)
      early.leave()
      visit.end(error as Error)
    }
  }

  #begin ({ request, terms, early: { client } }: Visit, opened: Opened, counted: string | null, errand: Errand | null): void {
    const upstream = request.upstream as Upstream
    const fact = newFact(upstream, client.http, opened)
    upstream.tunnel = fact
    upstream.answerHeaders = opened.head.headers
    const tunnel: Tunnel = new Tunnel(client.stream, opened.upstream, {
      fact,
      ...terms,
      request,
      site: siteOf(request),
      upstream: upstream.server,
      remoteAddress: request.ip,
      rsv: reservedBits(fact.extensions),
      limits: this.#settings.tunnel.frames,
      onEnd: () => {
        this.#ended(own, open)
        errand?.ended(tunnelFailure(fact))
        this.#admission.ended(counted)
        tunnelClosed(request, fact)
      },
      onUnreadable: (_, side) => request.log.debug({ side }, 'the frames of this WebSocket cannot be read; its bytes still pass')
    })
    const open = this.open.add(tunnel)
    const own = this.#own.add(tunnel)
    errand?.opened(view(tunnel))
    this.#sweeper ??= setInterval(() => this.#sweep(), SWEEP).unref()
    tunnelOpened(request, tunnel)
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
    for (const visit of meant) visit.giveUp('Closed')
    return meant.length
  }

  /** How many are open. */
  get size (): number {
    return this.#own.size
  }

  /** Refuses new upgrades, sends Close frames into the open tunnels and resolves when none is left, at the deadline at the latest. */
  async drain (share: number): Promise<void> {
    this.#admission.close()
    for (const visit of this.#pending.members()) visit.giveUp('Draining')
    if (this.#own.size === 0) return
    this.#drain = drainTunnels(this.#own, this.#settings.tunnel.drain, share)
    await this.#drain.done
  }
}

function siteOf (request: FastifyRequest & RequestFacts): string | null {
  return request.site?.name ?? null
}
