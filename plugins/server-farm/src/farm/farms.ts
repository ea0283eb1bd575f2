// Which farms are there? They are replaced all together, or not at all.
import type { FarmInfo, FarmQuestion, FarmVisit, OpenTunnel, WorkersFact } from '@fastify-arr/facts'
import type { FastifyRequest } from 'fastify'
import { compileFarms } from '../compile/compile-farms.ts'
import type { FarmSettings } from '../compile/settings.ts'
import { UnknownError } from '../errors.ts'
import { Choice } from '../exchange/choice.ts'
import type { FarmOptions } from '../options.ts'
import { Together } from '../together/together.ts'
import { CLOCK, type Clock } from './clock.ts'
import type { FarmControl, ServerFarms } from './control.ts'
import { RunningFarm, type Warn } from './running-farm.ts'

export class Farms implements ServerFarms {
  readonly #clock: Clock
  readonly #warn: Warn
  #farms = new Map<string, RunningFarm>()
  /** Those that were removed, while they say goodbye. */
  readonly #leaving = new Set<RunningFarm>()
  #isRunning = false
  #together: Together | null = null

  /** @internal */
  constructor (settings: readonly FarmSettings[], warn: Warn, clock: Clock = CLOCK) {
    this.#clock = clock
    this.#warn = warn
    this.#become(settings)
  }

  get size (): number {
    return this.#farms.size
  }

  * [Symbol.iterator] (): Generator<FarmInfo> {
    for (const { info } of this.#farms.values()) yield info
  }

  get (name: string): FarmInfo | undefined {
    return this.#farms.get(name.toLowerCase())?.info
  }

  visit (name: string, question: FarmQuestion): FarmVisit | null {
    return this.#farms.get(name.toLowerCase())?.farm.visit(question) ?? null
  }

  adopt (name: string, server: string, request: FastifyRequest, tunnel: OpenTunnel): Choice | null {
    const farm = this.#farms.get(name.toLowerCase())?.farm
    const found = farm?.servers.find(one => one.name === server)
    return farm === undefined || found === undefined ? null : Choice.adopt(farm, found, request, tunnel)
  }

  farm (name: string): FarmControl {
    const found = this.#farms.get(name.toLowerCase())
    if (found === undefined) throw new UnknownError(`farm ${name}`)
    return found
  }

  replace (farms: readonly FarmOptions[]): void {
    this.#become(compileFarms(farms))
  }

  /** Probes and look-ups begin: those of all processes together where there are others. @internal */
  async start (workers?: WorkersFact): Promise<void> {
    this.#isRunning = true
    if (workers?.supervised === true && workers.tell !== undefined && workers.listen !== undefined && workers.begun !== undefined) this.#join(workers)
    await Promise.all(Array.from(this.#farms.values(), farm => farm.start()))
    this.#together?.start()
  }

  /** The server closes: nobody waits, and nothing is asked any more. @internal */
  stop (): void {
    this.#isRunning = false
    this.#together?.stop()
    for (const farm of [...this.#farms.values(), ...this.#leaving]) farm.stop()
  }

  #join (workers: WorkersFact): void {
    const all = (): Iterable<RunningFarm> => this.#farms.values()
    this.#together = new Together(workers, {
      * [Symbol.iterator] () { for (const { farm } of all()) yield farm },
      find: name => this.#farms.get(name.toLowerCase())?.farm,
      rebalance: (name, options, share) => { this.#farms.get(name.toLowerCase())?.rebalanceAsTold(options, share) }
    })
    for (const { farm } of this.#farms.values()) farm.together = this.#together
  }

  #become (settings: readonly FarmSettings[]): void {
    const next = new Map(settings.map(one => {
      const name = one.name.toLowerCase()
      return [name, { settings: one, farm: this.#farms.get(name) ?? new RunningFarm(one, this.#clock, this.#warn) }] as const
    }))
    const renewals = Array.from(next.values(), one => one.farm.renewal(one.settings))
    const before = this.#farms
    this.#farms = new Map(Array.from(next, ([name, { farm }]) => [name, farm]))
    for (const { farm } of next.values()) farm.farm.together = this.#together
    for (const renewal of renewals) renewal.take()
    for (const farm of this.#leaving) if (farm.farm.leaving.size === 0) this.#leaving.delete(farm)
    for (const [name, farm] of before) {
      if (next.has(name)) continue
      farm.leave()
      this.#leaving.add(farm)
    }
    if (this.#isRunning) for (const farm of this.#farms.values()) farm.start().catch(error => { this.#warn(error, 'a farm could not be started') })
  }
}
