// What does a farm know of one of its servers? Its counts, its state, its health and its tunnels.
import type { FarmProbe, FarmServerInfo, FarmServerState } from '@fastify-arr/facts'
import { arrValue } from '../affinity/arr-cookie.ts'
import type { Candidate } from '../choosing/candidate.ts'
import { hashOf } from '../choosing/hash.ts'
import { ResponseTime } from '../choosing/response-time.ts'
import type { ServerSettings } from '../compile/settings.ts'
import type { HealthSettings } from '../health/compile-health.ts'
import { type Ejections, ServerHealth } from '../health/server-health.ts'
import type { Goodbye } from '../goodbye/goodbye.ts'
import type { ByHand } from '../together/by-hand.ts'
import { OpenPlaces } from './open-place.ts'

/** While a server starts slowly, it begins with this part of its weight. */
const FIRST_SHARE = 0.1
const SUSPECT = 1000 // ms, doubled with each failure in a row
const LONGEST_SUSPECT = 10_000 // ms

/** Who has to know when a server changes. */
export interface ServerOwner {
  /** Null where this process is the only one. */
  readonly together: { readonly probes: boolean, probed (farm: string, server: Server): void } | null
  healthChanged (server: Server, why: string | null): void
  probed (server: Server, probe: FarmProbe): void
}

export class Server implements Candidate {
  requests = 0
  handshakes = 0
  chosen = 0
  failed = 0
  suspectUntil = -Infinity
  readonly responseTime = new ResponseTime()
  readonly open = new OpenPlaces()
  state: FarmServerState
  /** The state that was set by hand last, in whichever process; null where the options' holds. */
  byHand: ByHand | null = null
  /** When probes or live traffic put it out, on the farm's clock. */
  outSince = -Infinity
  /** Whether it is one of those that can be chosen. */
  isUsed = false
  goodbye: Goodbye | null = null
  warmAt = -Infinity
  seed!: number
  /** What affinity's cookie says. */
  cookieValue!: string
  #settings!: ServerSettings
  #health: ServerHealth | null = null
  #slowStart = 0
  #failures = 0

  constructor (settings: ServerSettings) {
    this.state = settings.state
    this.settings = settings
  }

  get settings (): ServerSettings {
    return this.#settings
  }

  set settings (settings: ServerSettings) {
    if (settings.name !== (this.#settings as ServerSettings | undefined)?.name) {
      this.seed = hashOf(settings.name.toLowerCase())
      this.cookieValue = arrValue(settings.name)
    }
    this.#settings = settings
  }

  get name (): string {
    return this.#settings.name
  }

  get tunnels (): number {
    return this.open.size
  }

  get weight (): number {
    return this.#settings.weight
  }

  get healthy (): boolean {
    return this.#health?.healthy ?? true
  }

  get health (): ServerHealth | null {
    return this.#health
  }

  weightAt (now: number): number {
    const { weight } = this.#settings
    if (now >= this.warmAt) return weight
    return weight * Math.max(FIRST_SHARE, 1 - (this.warmAt - now) / this.#slowStart)
  }

  /** It has come, or come back: it begins with a tenth of its share. */
  startSlowly (now: number, slowStart: number): void {
    this.#slowStart = slowStart
    this.warmAt = slowStart === 0 ? -Infinity : now + slowStart
  }

  /** Whether it may take one more WebSocket. */
  get hasPlace (): boolean {
    const { tunnels, handshakes } = this.#settings.limits
    return (handshakes === 0 || this.handshakes < handshakes) && (tunnels === 0 || this.handshakes + this.open.size < tunnels)
  }

  /** An attempt has failed: for a while it counts as loaded. Many that fail at once count as one. */
  suspect (now: number): void {
    this.failed++
    if (now < this.suspectUntil) return
    this.suspectUntil = now + Math.min(LONGEST_SUSPECT, SUSPECT * 2 ** Math.min(this.#failures++, 10))
  }

  trust (): void {
    this.#failures = 0
    this.suspectUntil = -Infinity
  }

  /** The state of its health that is to take the place of what it has. */
  newHealth (settings: HealthSettings, ejections: Ejections, farm: string, owner: ServerOwner): ServerHealth {
    const { address, httpPort, httpsPort, host, healthHost, healthPort } = this.#settings
    const target = { address, httpPort, httpsPort, ...host !== null && { hostName: host }, ...healthHost !== undefined && { healthHost }, ...healthPort !== undefined && { healthPort }, farm }
    const health = new ServerHealth(settings, target, ejections,
      (_healthy, why) => { if (this.#health === health) owner.healthChanged(this, why) },
      (probe, isOwn) => {
        if (this.#health !== health) return
        owner.probed(this, probe)
        if (isOwn) owner.together?.probed(farm, this)
      },
      () => owner.together?.probes ?? true)
    return health
  }

  takeHealth (health: ServerHealth): void {
    this.#health?.stop()
    this.#health = health
  }

  /** A snapshot. */
  get info (): FarmServerInfo {
    const { name, address, httpPort, httpsPort, weight } = this.#settings
    const { state, healthy, requests, handshakes, tunnels, chosen, failed } = this
    return {
      name,
      address,
      httpPort,
      httpsPort,
      weight,
      state,
      healthy,
      why: healthy ? null : this.#health?.why ?? null,
      outUntil: this.#health?.outUntil ?? null,
      requests,
      handshakes,
      tunnels,
      chosen,
      failed,
      responseTime: this.responseTime.last,
      lastProbe: this.#health?.lastProbe ?? null
    }
  }
}
