// What does the traffic tell of a server? Too many failures put it out for a while; it comes back by itself.
import { FailureCount, YOUNG } from './failure-count.ts'
import type { FarmFailure } from '@fastify-arr/facts'
import type { Ejections } from './ejections.ts'
import type { LiveTrafficSettings } from './health-settings.ts'

/** Close codes of a server that cannot serve: Internal Error, Bad Gateway (IANA's registry of close codes). */
const BROKEN: ReadonlySet<number> = new Set([1011, 1014])

/** The verdict of the traffic on one server. */
export class LiveTraffic {
  readonly #settings: LiveTrafficSettings
  readonly #ejections: Ejections
  readonly #changed: () => void
  readonly #count: FailureCount
  #open = false
  #timer: NodeJS.Timeout | undefined
  #why: string | null = null
  #outUntil: number | null = null
  /** How many times the next time out is doubled. */
  #level = 0
  #outSince = 0
  #backSince = 0
  /** Whether the last failure was that no connection came about. */
  #unreachable = false

  constructor (settings: LiveTrafficSettings, ejections: Ejections, changed: () => void) {
    this.#settings = settings
    this.#ejections = ejections
    this.#changed = changed
    this.#count = new FailureCount(settings)
  }

  /** Why it is out; null where it is not. */
  get why (): string | null {
    return this.#why
  }

  /** When it is back, ms since the epoch. */
  get outUntil (): number | null {
    return this.#outUntil
  }

  start (): void {
    this.#open = true
  }

  /** What is told afterwards changes nothing. Its share of the farm is free again. */
  stop (): void {
    this.#open = false
    this.#count.clear()
    if (this.#why !== null) this.#free()
  }

  answered (status: number): void {
    if (this.#settings.statusCodes?.includes(status) === true) this.#failed(`status ${status}`)
    else if (status === 101) this.#count.opened(performance.now())
    else this.#count.succeeded()
  }

  failed ({ code, moment, status }: FarmFailure): void {
    if (status === null) this.#failed(code, moment === 'connect')
    else this.answered(status)
  }

  tunnelEnded (lived: number, closeCode: number | null, byUpstream: boolean): void {
    if (!byUpstream || lived >= YOUNG || (closeCode !== null && !BROKEN.has(closeCode))) return
    this.#judge(this.#count.died(performance.now(), lived), `a WebSocket that ended at once ${closeCode === null ? 'without a Close' : `with Close ${closeCode}`}`, false)
  }

  /** A probe that began at `since` has succeeded: connections come about again. That is no answer to failures of another kind, and those stay. */
  probed (since: number): void {
    if (this.#why !== null && this.#unreachable && since > this.#outSince) this.#back()
  }

  #failed (last: string, unreachable = false): void {
    this.#judge(this.#count.failed(performance.now()), last, unreachable)
  }

  #judge (tooMany: boolean, last: string, unreachable: boolean): void {
    if (!tooMany || !this.#open || this.#why !== null || !this.#ejections.take()) return
    const { failures, period } = this.#settings
    const time = this.#nextTime()
    this.#unreachable = unreachable
    this.#outSince = performance.now()
    this.#outUntil = Date.now() + time
    this.#timer = setTimeout(() => { this.#back() }, time).unref()
    this.#why = `live traffic: ${failures} ${failures === 1 ? 'failure' : 'failures'} ${period === 0 ? 'in a row' : `within ${period} ms`}, the last: ${last}`
    this.#changed()
  }

  /** How long it goes: doubled each time, and halved for each time that it has been well as long as it was out. */
  #nextTime (): number {
    const { out, maxOut } = this.#settings
    const time = (level: number): number => Math.min(maxOut, out * 2 ** level)
    let well = performance.now() - this.#backSince
    while (this.#level > 0 && well >= time(this.#level - 1)) well -= time(--this.#level)
    const next = time(this.#level)
    if (this.#level === 0 || time(this.#level - 1) < maxOut) this.#level++
    return next
  }

  #back (): void {
    this.#free()
    this.#backSince = performance.now()
    this.#count.clear()
    this.#changed()
  }

  #free (): void {
    clearTimeout(this.#timer)
    this.#why = null
    this.#outUntil = null
    this.#ejections.giveBack()
  }
}
