// How are the other processes told of the farms? In order; where that is not possible now, all that holds is told anew a moment later.
import type { WorkerListener, WorkerName, WorkersFact } from '@fastify-arr/facts'
import type { ProbingState } from '../health/health-settings.ts'
import type { RebalanceOptions } from '../options.ts'
import type { ByHand } from './by-hand.ts'

/** Something of a server of a farm. */
export type Place<Value> = readonly [farm: string, server: string, value: Value]

/** What one process tells others. */
export interface Told {
  /** Whether it takes connections. */
  readonly begun?: boolean
  readonly probes?: ReadonlyArray<Place<ProbingState>>
  readonly states?: ReadonlyArray<Place<ByHand>>
  readonly rebalance?: readonly [farm: string, options: RebalanceOptions]
}

const NAME = '@fastify-arr/server-farm'
const LATER = 100 // ms

export class Post {
  readonly #workers: WorkersFact
  readonly #all: () => Iterable<Told>
  /** Those that are to be told all. */
  readonly #owed = new Map<number, WorkerName>()
  readonly #others = new Map<number, WorkerName>()
  #timer: NodeJS.Timeout | null = null

  /** `all` gives what holds. */
  constructor (workers: WorkersFact, all: () => Iterable<Told>) {
    this.#workers = workers
    this.#all = all
  }

  listen (listener: WorkerListener): void {
    this.#workers.listen?.(NAME, {
      told: (data, from) => { listener.told(data, from) },
      came: who => {
        this.#others.set(who.pid, who)
        listener.came(who)
      },
      gone: who => {
        this.#others.delete(who.pid)
        this.#owed.delete(who.pid)
        listener.gone(who)
      }
    })
  }

  tell (told: Told): void {
    if (this.#workers.tell?.(NAME, told) !== false) return
    for (const who of this.#others.values()) this.owe(who)
  }

  owe (who: WorkerName): void {
    this.#owed.set(who.pid, who)
    this.#timer ??= setTimeout(() => { this.#pay() }, 1).unref()
  }

  stop (): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#owed.clear()
  }

  #pay (): void {
    this.#timer = null
    for (const [pid, who] of this.#owed) {
      if (this.#tellAll(who)) this.#owed.delete(pid)
    }
    if (this.#owed.size > 0) this.#timer = setTimeout(() => { this.#pay() }, LATER).unref()
  }

  #tellAll (who: WorkerName): boolean {
    const [states, probes]: [Array<Place<ByHand>>, Array<Place<ProbingState>>] = [[], []]
    let begun: boolean | undefined
    const tell = (): boolean => this.#workers.tell?.(NAME, { begun, states: states.splice(0), probes: probes.splice(0) }, who) !== false
    for (const told of this.#all()) {
      begun = told.begun ?? begun
      states.push(...told.states ?? [])
      probes.push(...told.probes ?? [])
      if (states.length + probes.length >= 200 && !tell()) return false
    }
    return tell()
  }
}
