// How much of its core did the proxy use, how fast was that core meanwhile, and how much did other processes use?
import { readFileSync } from 'node:fs'
import { coreTime, cpuOf, PROXY_CORE } from './processes.ts'
import type { Workshop } from './workshop.ts'

/** The cost of a period of time, per unit of work. */
export type Cost = {
  /** CPU time of the proxy, µs, as on the undisturbed core. */
  readonly cpu: number
  /** Units a second. */
  readonly rate: number
  /** The part of its core that the proxy used; of a core, where it has several. */
  readonly busy: number
  /** The part of its cores that other processes used: the noise, and the load where it has no core to itself. */
  readonly others: number
  /** The probe's slowdown: its time for the same work against its best. 1 is undisturbed. */
  readonly slowness: number
}

export class Stopwatch {
  readonly #pids: readonly number[]
  readonly #probe: Workshop['probe']
  readonly #cores: number
  readonly #startedAt = performance.now()
  readonly #core: number
  readonly #pieces: Pieces | null
  readonly #cpu: number

  /** @param cores how many the processes run on, from the proxies' core on. */
  constructor (pids: readonly number[], probe: Workshop['probe'], cores = 1) {
    this.#pids = pids
    this.#probe = probe
    this.#cores = cores
    this.#core = timeOf(cores)
    this.#pieces = piecesOf(probe)
    this.#cpu = cpuOf(pids)
  }

  stop (): { per: (units: number) => Cost } {
    const used = cpuOf(this.#pids) - this.#cpu
    const wall = (performance.now() - this.#startedAt) / 1000
    const now = piecesOf(this.#probe)
    const slowness = slownessOf(this.#pieces, now)
    const probed = now === null || this.#pieces === null ? 0 : (now.took - this.#pieces.took) / 1e9
    const others = Math.max(0, timeOf(this.#cores) - this.#core - used - probed) / wall / this.#cores
    return { per: units => ({ cpu: used / units * 1e6 / slowness, rate: units / wall, busy: used / wall, others, slowness }) }
  }
}

function timeOf (cores: number): number {
  let time = 0
  for (let core = PROXY_CORE; core < PROXY_CORE + cores; core++) time += coreTime(core)
  return time
}

/** The probe's figures so far: pieces done, and nanoseconds for all of them and for the quickest. */
interface Pieces {
  readonly done: number
  readonly took: number
  readonly quickest: number
}

function piecesOf (probe: Workshop['probe']): Pieces | null {
  if (probe === null) return null
  const bytes = readFileSync(probe.path)
  return { done: Number(bytes.readBigUInt64LE(0)), took: Number(bytes.readBigUInt64LE(8)), quickest: Number(bytes.readBigUInt64LE(16)) }
}

function slownessOf (before: Pieces | null, after: Pieces | null): number {
  if (before === null || after === null || after.done === before.done) return 1
  return (after.took - before.took) / (after.done - before.done) / after.quickest
}
