// When is a server probed, and what do its probes say together? One after the other, and a few in a row change the verdict.
import { httpProbe } from './http-probe.ts'
import { probeTarget } from './probe-target.ts'
import { webSocketProbe } from './web-socket-probe.ts'
import type { RequestOptions } from 'node:https'
import type { FarmProbe } from '@fastify-arr/facts'
import type { HealthTarget, ProbeSettings, ProbingState } from '../health-settings.ts'
import type { Probe, ProbeOutcome } from './asking.ts'

/** Within this time a start knows of all servers, ms. */
const FIRST = 1000
/** After so many intervals without a word of the process that probes, this one does: that process may hang. */
const PATIENCE = 3

/** The probes of one server. `told` gets each one, and when it began by `performance.now()`. */
export class Probing {
  readonly #settings: ProbeSettings
  readonly #target: RequestOptions
  readonly #probe: Probe
  readonly #told: (probe: FarmProbe, since: number, isOwn: boolean) => void
  readonly #isOnDuty: () => boolean
  #running = false
  #isAsking = false
  #timer: NodeJS.Timeout | undefined
  #heardAt = 0
  #cancel = (): void => {}
  /** Failures in a row while it is well, successes while it is not. */
  #contrary = 0
  #why: string | null = null
  #last: FarmProbe | null = null

  /** `isOnDuty` says whether this process probes; where it does not, another one tells it. */
  constructor (settings: ProbeSettings, target: HealthTarget, told: (probe: FarmProbe, since: number, isOwn: boolean) => void, isOnDuty: () => boolean) {
    this.#settings = settings
    this.#target = probeTarget(settings, target)
    this.#probe = settings.webSocket === false ? httpProbe(settings) : webSocketProbe(settings)
    this.#told = told
    this.#isOnDuty = isOnDuty
  }

  /** Why it is out; null where it is not. */
  get why (): string | null {
    return this.#why
  }

  get last (): FarmProbe | null {
    return this.#last
  }

  /** The first probe comes soon, and not at the moment of all other servers. */
  start (): void {
    if (this.#running) return
    this.#running = true
    this.#heardAt = performance.now()
    this.soon()
  }

  /** The next one comes soon: this process probes from now on. */
  soon (): void {
    if (!this.#running || this.#isAsking) return
    clearTimeout(this.#timer)
    this.#wait(Math.random() * Math.min(FIRST, this.#settings.interval / 10))
  }

  /** What another process has to tell; null before the first probe. */
  get state (): ProbingState | null {
    return this.#last === null ? null : { last: this.#last, why: this.#why, contrary: this.#contrary }
  }

  /** Another process has probed. */
  take ({ last, why, contrary }: ProbingState): void {
    if (!this.#running) return
    this.#heardAt = performance.now()
    this.#last = last
    this.#why = why
    this.#contrary = contrary
    this.#told(last, performance.now() - Math.max(0, Date.now() - last.at), false)
  }

  stop (): void {
    this.#running = false
    clearTimeout(this.#timer)
    this.#cancel()
  }

  #wait (time: number): void {
    this.#timer = setTimeout(() => { this.#begin() }, time).unref()
  }

  #begin (): void {
    const patience = PATIENCE * this.#settings.interval + this.#settings.timeout
    const silence = performance.now() - this.#heardAt
    if (!this.#isOnDuty() && silence < patience) {
      this.#wait(patience - silence + Math.random() * this.#settings.interval)
      return
    }
    this.#isAsking = true
    const at = Date.now()
    const since = performance.now()
    this.#cancel = this.#probe(this.#target, outcome => {
      this.#isAsking = false
      this.#judge(outcome, at)
      // Give or take a fifth, so that many probes do not fall into step; the next one waits for the end of this one.
      if (this.#running) this.#wait(Math.max(0, this.#settings.interval * (0.8 + Math.random() * 0.4) - (performance.now() - since)))
      this.#told(this.#last as FarmProbe, since, true)
    })
  }

  #judge ({ status, why, time }: ProbeOutcome, at: number): void {
    const succeeded = why === null
    this.#last = { at, succeeded, status, why, time }
    if (succeeded === (this.#why === null)) {
      this.#contrary = 0
      // What it says now is of more use than what it said first.
      if (why !== null) this.#why = words(why)
      return
    }
    const { retries, successes } = this.#settings
    if (++this.#contrary < (succeeded ? successes : retries)) return
    this.#contrary = 0
    this.#why = why === null ? null : words(why)
  }
}

function words (why: string): string {
  return `probe: ${why}`
}
