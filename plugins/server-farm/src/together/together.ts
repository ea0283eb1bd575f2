// What do the farms of all processes of a server have together? One process probes for all, and a state that is set by hand is set in each.
import type { FarmServerState, WorkerListener, WorkerName, WorkersFact } from '@fastify-arr/facts'
import { goodbyeOf } from '../compile/compile-behaviour.ts'
import { STATES } from '../compile/compile-servers.ts'
import type { Farm } from '../farm/farm.ts'
import type { Server } from '../farm/server.ts'
import type { GoodbyeOptions, RebalanceOptions } from '../options.ts'
import { isNewer, type ByHand } from './by-hand.ts'
import type { Community } from './community.ts'
import { Post, type Place, type Told } from './post.ts'

/** The farms of this process, as far as others tell something of them. */
export interface Neighbourhood extends Iterable<Farm> {
  find (name: string): Farm | undefined
  /** Evens out tunnels here, as was told by another process; `share` is this one's part of `perSecond`. */
  rebalance (name: string, options: RebalanceOptions | undefined, share: number): void
}

export class Together implements Community, WorkerListener {
  readonly #workers: WorkersFact
  readonly #farms: Neighbourhood
  readonly #post: Post
  /** The others, and whether they have begun. */
  readonly #others = new Map<number, { readonly who: WorkerName, hasBegun: boolean }>()
  #hasBegun = false
  #probes = false
  #clock = 0

  constructor (workers: WorkersFact, farms: Neighbourhood) {
    this.#workers = workers
    this.#farms = farms
    this.#post = new Post(workers, () => this.#all())
  }

  get probes (): boolean {
    return this.#probes
  }

  /** To be called when the servers are known. */
  start (): void {
    this.#post.listen(this)
    this.#workers.begun?.then(() => {
      this.#hasBegun = true
      this.#tellBegun()
    }, () => {})
  }

  /** This process closes: another one probes. */
  stop (): void {
    this.#hasBegun = false
    this.#tellBegun()
    this.#post.stop()
  }

  probed (farm: string, server: Server): void {
    const { probing } = server.health ?? {}
    if (probing != null) this.#post.tell({ probes: [[farm, server.name, probing]] })
  }

  stateSet (farm: string, server: Server, state: FarmServerState, goodbye: GoodbyeOptions | undefined): void {
    const { generation, number } = this.#workers
    server.byHand = { state, ...goodbye !== undefined && { goodbye }, configured: server.settings.state, stamp: [++this.#clock, generation, number] }
    this.#post.tell({ states: [[farm, server.name, server.byHand]] })
  }

  rebalanced (farm: string, options: RebalanceOptions | undefined): number {
    this.#post.tell({ rebalance: [farm, options ?? {}] })
    return 1 / (this.#others.size + 1)
  }

  told (data: unknown, { pid }: WorkerName): void {
    const { begun, probes = [], states = [], rebalance } = data as Told
    const other = this.#others.get(pid)
    if (other !== undefined && begun !== undefined) {
      other.hasBegun = begun
      this.#elect()
    }
    for (const [farm, name, probe] of probes) this.#find(farm, name)?.server.health?.probedElsewhere(probe)
    for (const state of states) this.#takeState(state)
    if (rebalance !== undefined) this.#farms.rebalance(...rebalance, 1 / (this.#others.size + 1))
  }

  came (who: WorkerName): void {
    this.#others.set(who.pid, { who, hasBegun: this.#others.get(who.pid)?.hasBegun ?? false })
    this.#post.owe(who)
  }

  gone ({ pid }: WorkerName): void {
    this.#others.delete(pid)
    this.#elect()
  }

  #tellBegun (): void {
    this.#post.tell({ begun: this.#hasBegun })
    this.#elect()
  }

  /** The lowest number of the newest generation that has begun probes. */
  #elect (): void {
    const { generation, number } = this.#workers
    const isBefore = ({ who, hasBegun }: { readonly who: WorkerName, readonly hasBegun: boolean }): boolean =>
      hasBegun && (who.generation > generation || (who.generation === generation && who.number < number))
    const probes = this.#hasBegun && ![...this.#others.values()].some(isBefore)
    if (probes === this.#probes) return
    this.#probes = probes
    if (probes) for (const { servers } of this.#farms) for (const { health } of servers) health?.probeSoon()
  }

  #takeState ([farmName, name, byHand]: Place<ByHand>): void {
    const { farm, server } = this.#find(farmName, name) ?? {}
    // Where the options say another state than there, they are newer than what was set by hand.
    if (farm === undefined || server === undefined || !STATES.includes(byHand.state) || server.settings.state !== byHand.configured) return
    this.#clock = Math.max(this.#clock, byHand.stamp[0])
    if (server.byHand !== null && !isNewer(byHand, server.byHand)) return
    const mistakes: string[] = []
    const goodbye = goodbyeOf(byHand.goodbye, farm.settings.goodbye, mistakes)
    if (mistakes.length > 0) return
    server.byHand = byHand
    farm.setState(server, byHand.state, goodbye, 'by hand, in another worker')
  }

  #find (farmName: string, name: string): { readonly farm: Farm, readonly server: Server } | undefined {
    const farm = this.#farms.find(farmName)
    const server = farm?.servers.find(one => one.name === name)
    return farm === undefined || server === undefined ? undefined : { farm, server }
  }

  /** All that holds, for one that knows nothing. */
  * #all (): Generator<Told> {
    yield { begun: this.#hasBegun }
    for (const { settings: { name: farm }, servers } of this.#farms) {
      for (const { name, byHand, settings, health } of servers) {
        if (byHand !== null && byHand.configured === settings.state) yield { states: [[farm, name, byHand]] }
        if (this.#probes && health?.probing != null) yield { probes: [[farm, name, health.probing]] }
      }
    }
  }
}
