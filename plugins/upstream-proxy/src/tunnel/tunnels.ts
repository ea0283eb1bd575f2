// The tunnels of one proxy: how do they open, how are their limits enforced, and how do they end?
import type { RequestFacts, TunnelFilter, TunnelRecord, Upstream } from '@fastify-arr/facts'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { upgradeOf } from '../dispatch/upgrade.ts'
import { describe, ERRORS, InvalidRecord } from '../errors.ts'
import { Errand } from '../farm/errand.ts'
import { AdoptedFarm, type ProxyServer } from '../hand-over/adopted-farm.ts'
import { AdoptedRequest } from '../hand-over/adopted-request.ts'
import { goOn } from '../hand-over/go-on.ts'
import type { ProxyPlace } from '../hand-over/proxy-place.ts'
import type { TunnelSockets, TunnelState } from '../hand-over/record.ts'
import { tunnelOpened } from '../onlookers/tell-tunnel.ts'
import type { Settings } from '../options.ts'
import type { AnswerWay } from '../route/answer-way.ts'
import type { NextRoute } from '../route/attempts.ts'
import type { Route } from '../route/route.ts'
import { Roster } from '../sockets/roster.ts'
import { settle } from '../sockets/settle.ts'
import { Admission } from './admission/admission.ts'
import { Visit } from './admission/visit.ts'
import { reservedBits } from './frames/frames.ts'
import { clientSide } from './handshake/client-side.ts'
import { EarlyClient } from './handshake/early-client.ts'
import { Handshake } from './handshake/handshake.ts'
import { offerOf } from './handshake/handshake-head.ts'
import type { Opened } from './handshake/opened.ts'
import { matches } from './register/filter.ts'
import type { OpenTunnels } from './register/open-tunnels.ts'
import { OwnTunnels } from './register/own-tunnels.ts'
import { newFact } from './register/new-fact.ts'
import { NO_TERMS, termsOf } from './register/terms.ts'

/** Opens tunnels, enforces their limits, and ends them with a Close frame when the server closes. */
export class Tunnels {
  /** The open tunnels of all proxies of the server. */
  readonly open: OpenTunnels
  readonly #own: OwnTunnels
  readonly #settings: Settings
  /** The upgrades that wait or whose handshake is under way. */
  readonly #pending = new Roster<Visit>()
  readonly #admission: Admission
  readonly #next: NextRoute | null
  readonly #server: ProxyServer
  readonly proxy: ProxyPlace

  /** `next` gives the route of a handshake's further attempts; with null there are none. `admission` has the places that they share with others. */
  constructor (open: OpenTunnels, settings: Settings, next: NextRoute | null, proxy: ProxyPlace, server: ProxyServer, admission: Admission) {
    this.open = open
    this.#settings = settings
    this.#admission = admission
    this.#next = next
    this.proxy = proxy
    this.#server = server
    this.#own = new OwnTunnels(open, proxy, settings, admission)
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
    const { key, until } = terms
    const given = { request, fact, key, until, counted, site: siteOf(request), upstream: upstream.server, remoteAddress: request.ip, rsv: reservedBits(fact.extensions) }
    const tunnel = this.#own.register(client.stream, opened.upstream, given, errand)
    tunnelOpened(request, tunnel)
    tunnel.start(opened.early, opened.late)
  }

  /** Takes a tunnel from another process, where it was let in. */
  adopt (state: TunnelState, carried: TunnelRecord['carried'], { client, upstream }: TunnelSockets): void {
    if (this.#admission.isClosed) throw new InvalidRecord('comes to a server that is closing')
    const request = new AdoptedRequest(state.request, state.fact, client, this.#server).asRequest
    this.#admission.adopted(state.counted)
    const { fact, site, key, counted, remoteAddress, rsv } = state
    const given = { request, fact, site, key, counted, remoteAddress, rsv, upstream: state.upstream, until: state.until ?? Infinity }
    const tunnel = this.#own.register(client, upstream, given, new AdoptedFarm(request, this.#server))
    this.open.carriers.take(request, carried)
    goOn(tunnel, state)
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
    await this.#own.drain(share)
  }
}

function siteOf (request: FastifyRequest & RequestFacts): string | null {
  return request.site?.name ?? null
}
