// What is a farm? Its servers, how one of them is chosen, and what happens when one changes.
import type { FarmInfo, FarmProbe, FarmQuestion, FarmServerState, FarmVisit } from '@fastify-arr/facts'
import { Places } from '../admission/places.ts'
import { retryAfter } from '../admission/retry-after.ts'
import { RetryBudget } from '../admission/retry-budget.ts'
import { readArrValue } from '../affinity/arr-cookie.ts'
import { type Bound, boundServer, UNBOUND } from '../affinity/bound-server.ts'
import { chooserOf } from '../choosing/algorithms.ts'
import type { Asker, Chooser } from '../choosing/candidate.ts'
import { cookieOf } from '../choosing/hash-source.ts'
import type { FarmSettings, GoodbyeSettings, RebalanceSettings } from '../compile/settings.ts'
import { Goodbye } from '../goodbye/goodbye.ts'
import { Rebalance } from '../goodbye/rebalance.ts'
import type { Ejections } from '../health/server-health.ts'
import type { Community } from '../together/community.ts'
import type { Clock } from './clock.ts'
import type { OpenPlace } from './open-place.ts'
import type { Server, ServerOwner } from './server.ts'
import { Standing } from './standing.ts'
import { tellChanged, tellChosen, tellProbed } from './tell.ts'
import { Visit, type VisitHost } from '../exchange/visit.ts'

export class Farm implements VisitHost, ServerOwner {
  readonly clock: Clock
  readonly places: Places
  readonly budget: RetryBudget
  readonly standing: Standing
  /** How much of it live traffic may put out; all its servers share it. */
  ejections: Ejections | null = null
  together: Community | null = null
  load = 0
  isLimited = false
  settings: FarmSettings
  servers: readonly Server[] = []
  readonly #warn: (error: unknown, message: string) => void
  readonly #leaving = new Set<Server>()
  #byCookie: ReadonlyMap<string, Server> = new Map()
  #chooser: Chooser
  #rebalance: Rebalance<Server> | null = null
  #byHand: Rebalance<Server> | null = null

  constructor (settings: FarmSettings, clock: Clock, warn: (error: unknown, message: string) => void) {
    this.settings = settings
    this.clock = clock
    this.#warn = warn
    this.places = new Places(clock)
    this.budget = new RetryBudget(clock)
    this.standing = new Standing(settings, clock)
    this.#chooser = this.#newChooser()
  }

  get leaving (): ReadonlySet<Server> {
    return this.#leaving
  }

  get info (): FarmInfo {
    return { name: this.settings.name, algorithm: this.settings.algorithm, waiting: this.places.waiting, servers: this.servers.map(({ info }) => info) }
  }

  visit (question: FarmQuestion): FarmVisit {
    return new Visit(this, question)
  }

  /** From now on these are the settings, and these the servers; those that go say goodbye. */
  take (settings: FarmSettings, servers: readonly Server[], removed: readonly Server[]): void {
    this.settings = settings
    this.servers = servers
    this.#chooser = this.#newChooser()
    this.#byCookie = new Map(servers.map(server => [server.cookieValue, server]))
    this.isLimited = servers.some(({ settings: { limits } }) => limits.tunnels > 0 || limits.handshakes > 0)
    this.standing.replace(servers, settings)
    for (const server of servers) this.#leaving.delete(server)
    for (const server of removed) this.#leave(server)
    this.#rebalance?.stop()
    this.#rebalance = settings.rebalance === null ? null : this.#newRebalance(settings.rebalance, false)
    this.#rebalance?.start()
  }

  setState (server: Server, state: FarmServerState, goodbye: GoodbyeSettings, why: string): void {
    const before = server.state
    server.state = state
    this.#stopGoodbye(server)
    if (state === 'available' && before.startsWith('unavailable')) server.startSlowly(this.clock.now(), this.settings.slowStart)
    if (state.startsWith('unavailable')) this.#sayGoodbye(server, state === 'unavailableImmediately' ? { ...goodbye, window: 0 } : goodbye)
    tellChanged(this.settings.name, server, 'state', why)
    this.changed([server])
  }

  /** Whatever has changed at servers: clients may have to go elsewhere, and others may find a place. */
  changed (servers: readonly Server[]): void {
    this.standing.changed()
    if (this.places.waiting === 0) return
    for (const server of servers) this.places.unbind(server)
    for (const { members } of [this.standing.main, this.standing.reserve]) for (const one of members) this.places.freed(one)
  }

  healthChanged (server: Server, why: string | null): void {
    if (server.healthy) {
      server.startSlowly(this.clock.now(), this.settings.slowStart)
      if (!server.state.startsWith('unavailable')) this.#stopGoodbye(server)
    } else {
      server.outSince = this.clock.now()
      if (this.settings.onUnhealthy === 'close' && server.goodbye === null) this.#sayGoodbye(server, this.settings.goodbye)
    }
    tellChanged(this.settings.name, server, 'health', why ?? 'it is well again')
    this.changed([server])
  }

  probed (server: Server, probe: FarmProbe): void {
    tellProbed(this.settings.name, server.name, probe)
  }

  /** Moves tunnels until none is over its server's share, and gives how many those are. */
  rebalance (settings: RebalanceSettings): number {
    this.#byHand?.stop()
    this.#byHand = this.#newRebalance(settings, true)
    const { over } = this.#byHand
    if (this.#byHand.round() > 0) this.#byHand.start()
    return over
  }

  /** Nobody waits any more, and nothing happens by itself: the proxy is closing. */
  stop (): void {
    for (const server of [...this.servers, ...this.#leaving]) {
      this.#stopGoodbye(server)
      server.health?.stop()
    }
    this.#rebalance?.stop()
    this.#byHand?.stop()
    for (const waiter of this.places.all()) (waiter as Visit).giveUp()
  }

  pick (asker: Asker<Server>): Server | null {
    const { main, reserve } = this.standing
    const server = this.#chooser.choose(main.at(asker.now), asker)
    return server ?? (reserve.members.length === 0 ? null : this.#chooser.choose(reserve, asker))
  }

  bound ({ request }: FarmQuestion): Bound {
    const { affinity } = this.settings
    return affinity === null ? UNBOUND : boundServer(request, affinity, this.#byCookie, this.standing)
  }

  hasCookieOf (server: Server, { request }: FarmQuestion): boolean {
    const name = this.settings.affinity?.cookie ?? null
    return name !== null && readArrValue(cookieOf(request, name)) === server.cookieValue
  }

  retryAfter (): number {
    return retryAfter(this.places.waiting, this.clock.random)
  }

  tell ({ request }: FarmQuestion, server: Server | null, why: string): void {
    tellChosen(request, this.settings.name, server?.name ?? null, this.settings.algorithm, why, this.servers)
  }

  opened (server: Server, place: OpenPlace): void {
    server.goodbye?.add(place)
  }

  released (server: Server): void {
    this.places.freed(server)
    if (this.#leaving.has(server) && server.requests + server.handshakes + server.tunnels === 0) {
      this.#leaving.delete(server)
      this.#stopGoodbye(server)
    }
  }

  goodbyeFailed (error: unknown): void {
    this.#warn(error, `a WebSocket of the farm ${this.settings.name} could not be closed`)
  }

  #leave (server: Server): void {
    server.health?.stop()
    server.isUsed = false
    this.#stopGoodbye(server)
    if (server.requests + server.handshakes + server.tunnels === 0) return
    this.#leaving.add(server)
    this.#sayGoodbye(server, this.settings.goodbye)
  }

  #sayGoodbye (server: Server, goodbye: GoodbyeSettings): void {
    this.#stopGoodbye(server)
    server.goodbye = new Goodbye(server.open, goodbye, this.clock)
  }

  #stopGoodbye (server: Server): void {
    server.goodbye?.stop()
    server.goodbye = null
  }

  #newChooser (): Chooser {
    return chooserOf(this.settings.algorithm, this.settings.hash?.boundedLoad ?? 0, this.clock.random)
  }

  #newRebalance (settings: RebalanceSettings, endsWhenEven: boolean): Rebalance<Server> {
    return new Rebalance(() => this.standing.main.members, settings, () => this.settings.goodbye, this.clock, endsWhenEven)
  }
}
