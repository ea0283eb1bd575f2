// How many tunnels are told goodbye at a moment of the drain? The share of the time that has passed, or as many as the earlier ones leave room for.
import type { DrainSettings } from './drain-options.ts'

/** Between two batches of Close frames, ms. */
export const STEP = 25
/** The longest time kept at the end of the drain for the answer to the last Close frame, ms. A network's round trip, twice. */
const LAST_ANSWER = 500
/** How long a tunnel that does not end counts as under way, ms: a client that has lost its network never answers. */
const PATIENCE = 5000

/** A count of tunnels to tell, at times in ms since the drain began. */
export interface Pace {
  /** How many more may be told now. `left`: how many are not told yet. */
  due (at: number, left: number): number
  /** A tunnel was told. */
  told (tunnel: object, at: number): void
  /** A tunnel has ended. */
  ended (tunnel: object): void
}

/** The time between the last Close frame and the cut at the deadline, ms. */
export function lastAnswer (deadline: number): number {
  return Math.min(LAST_ANSWER, deadline / 2)
}

/** The pace of a drain of `count` tunnels, which are this `share` of all tunnels of the server, 0 to 1. */
export function paceOf (count: number, settings: DrainSettings, share: number): Pace {
  const { pace, window, perSecond, underway, deadline } = settings
  const end = deadline === 0 ? Infinity : deadline - lastAnswer(deadline)
  const wanted = perSecond === 0 ? 0 : count / (perSecond * share) * 1000
  // Whatever the rate, all are told before the deadline.
  return pace === 'window'
    ? new WindowPace(count, Math.min(Math.max(window, wanted), end))
    : new FollowPace(count / Math.max(1, Math.min(wanted, end)), Math.max(1, Math.floor(underway * share)), end)
}

/** Evenly over a time. */
class WindowPace implements Pace {
  readonly #count: number
  readonly #span: number

  constructor (count: number, span: number) {
    this.#count = count
    this.#span = span
  }

  due (at: number, left: number): number {
    const all = this.#span === 0 ? this.#count : Math.ceil(this.#count * Math.min(1, (at + STEP) / this.#span))
    return all - (this.#count - left)
  }

  told (): void {}
  ended (): void {}
}

/** When earlier ones have ended, at most at a rate; the rest at that rate, as late as the deadline allows. */
class FollowPace implements Pace {
  /** The most a ms. */
  readonly #rate: number
  readonly #most: number
  readonly #end: number
  /** Tunnels that were told and have not ended, in the order of their goodbyes, with the time of each. */
  readonly #underway = new Map<object, number>()
  #allowed = 1
  #lookedAt = -STEP

  constructor (rate: number, most: number, end: number) {
    this.#rate = rate
    this.#most = most
    this.#end = end
  }

  due (at: number, left: number): number {
    const spare = this.#end - at - STEP
    // Here the deadline leaves no time to wait for others.
    const pressing = spare <= 0 ? left : Math.ceil(left - spare * this.#rate)
    // What was not needed is not saved up: it would be a burst later.
    this.#allowed = Math.min(this.#allowed + (at - this.#lookedAt) * this.#rate, Math.max(1, 2 * STEP * this.#rate))
    this.#lookedAt = at
    for (const [tunnel, told] of this.#underway) {
      if (at - told < PATIENCE) break
      this.#underway.delete(tunnel)
    }
    return Math.max(pressing, Math.min(Math.floor(this.#allowed), this.#most - this.#underway.size))
  }

  told (tunnel: object, at: number): void {
    this.#allowed = Math.max(0, this.#allowed - 1)
    this.#underway.set(tunnel, at)
  }

  ended (tunnel: object): void {
    this.#underway.delete(tunnel)
  }
}
