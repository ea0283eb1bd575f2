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
  /** The part of its core that the proxy used. */
  readonly busy: number
  /** The part that other processes used: the noise. */
  readonly others: number
  /** The probe's slowdown: its time for the same work against its best. 1 is undisturbed. */
  readonly slowness: number
}

export class Stopwatch {
  readonly #pids: readonly number[]
  readonly #probe: Workshop['probe']
  readonly #startedAt = performance.now()
  readonly #core = coreTime(PROXY_CORE)
  readonly #pieces: Pieces | null
  readonly #cpu: number

  constructor (pids: readonly number[], probe: Workshop['probe']) {
    this.#pids = pids
    this.#probe = probe
    this.#pieces = piecesOf(probe)
    this.#cpu = cpuOf(pids)
  }

  stop (): { per: (units: number) => Cost } {
    const used = cpuOf(this.#pids) - this.#cpu
    const wall = (performance.now() - this.#startedAt) / 1000
    const now = piecesOf(this.#probe)
    const slowness = slownessOf(this.#pieces, now)
    const probed = now === null || this.#pieces === null ? 0 : (now.took - this.#pieces.took) / 1e9
    const others = Math.max(0, coreTime(PROXY_CORE) - this.#core - used - probed) / wall
    return { per: units => ({ cpu: used / units * 1e6 / slowness, rate: units / wall, busy: used / wall, others, slowness }) }
  }
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
