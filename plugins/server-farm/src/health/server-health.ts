// Is a server well? Only where probes and live traffic both say so.
import { LiveTraffic } from './live-traffic.ts'
import { Probing } from './probes/probing.ts'
import type { FarmFailure, FarmProbe } from '@fastify-arr/facts'
import type { Ejections } from './ejections.ts'
import type { HealthSettings, HealthTarget, ProbingState } from './health-settings.ts'

export { Ejections } from './ejections.ts'

/**
 * The health of one server. `changed` is called when it has become healthy or no longer is, `probed` after each probe.
 * Of an attempt one thing is told, once: `answered` when the head of its answer has come, or else `failed`. Of a tunnel `tunnelEnded` as well.
 */
export class ServerHealth {
  readonly #changed: (healthy: boolean, why: string | null) => void
  readonly #probing: Probing | null
  readonly #live: LiveTraffic | null
  #healthy = true

  constructor (settings: HealthSettings, target: HealthTarget, ejections: Ejections, changed: (healthy: boolean, why: string | null) => void, probed: (probe: FarmProbe, isOwn: boolean) => void, isOnDuty = (): boolean => true) {
    this.#changed = changed
    this.#live = settings.liveTraffic === null ? null : new LiveTraffic(settings.liveTraffic, ejections, () => { this.#judge() })
    this.#probing = settings.probes === null
      ? null
      : new Probing(settings.probes, target, (probe, since, isOwn) => {
        probed(probe, isOwn)
        if (probe.succeeded) this.#live?.probed(since)
        this.#judge()
      }, isOnDuty)
  }

  /** True until the contrary is known: a server takes part before its first probe. */
  get healthy (): boolean {
    return this.why === null
  }

  /** Why it is not healthy, in words; null where it is. */
  get why (): string | null {
    return this.#probing?.why ?? this.#live?.why ?? null
  }

  /** When it is back, ms since the epoch, where live traffic has put it out; null elsewhere. */
  get outUntil (): number | null {
    return this.#live?.outUntil ?? null
  }

  get lastProbe (): FarmProbe | null {
    return this.#probing?.last ?? null
  }

  /** What another process has to know of its probes; null where there are none yet. */
  get probing (): ProbingState | null {
    return this.#probing?.state ?? null
  }

  /** This process probes from now on. */
  probeSoon (): void {
    this.#probing?.soon()
  }

  /** Another process has probed, and has found this. */
  probedElsewhere (state: ProbingState): void {
    this.#probing?.take(state)
  }

  start (): void {
    this.#live?.start()
    this.#probing?.start()
  }

  /** Ends a running probe, and all timers. Nothing is told any more. */
  stop (): void {
    this.#probing?.stop()
    this.#live?.stop()
  }

  answered (status: number): void {
    this.#live?.answered(status)
  }

  /** A failure with a status is judged by that alone. */
  failed (failure: FarmFailure): void {
    this.#live?.failed(failure)
  }

  /** `lived` is in ms since the 101; `closeCode` is that of the first Close, null where there was none; `byUpstream` says whether the server ended it. */
  tunnelEnded (lived: number, closeCode: number | null, byUpstream: boolean): void {
    this.#live?.tunnelEnded(lived, closeCode, byUpstream)
  }

  #judge (): void {
    if (this.healthy === this.#healthy) return
    this.#healthy = this.healthy
    this.#changed(this.#healthy, this.why)
  }
}
