// Which servers can be chosen now, and with what shares? Made anew when a server comes, goes or changes; the algorithms only read it.
import type { Candidate, Pool } from './candidate.ts'

/** How often shares are computed while a server starts slowly, ms. */
const STEP = 50

export class ServerPool<Member extends Candidate> implements Pool<Member> {
  readonly members: readonly Member[]
  readonly weights: Float64Array
  readonly sums: Float64Array
  readonly turns: Float64Array
  total = 0
  #groups: Pool<Member>['groups'] | null = null
  #nextStep: number
  readonly #isEven: boolean

  /**
   * @param before the pool in whose place this one stands: its members keep their turns.
   * @param isEven whether all have the same share, whatever their weights are.
   */
  constructor (members: readonly Member[], now: number, before: ServerPool<Member> | null, random: () => number, isEven = false) {
    this.members = members
    this.#isEven = isEven
    this.weights = new Float64Array(members.length)
    this.sums = new Float64Array(members.length)
    this.#nextStep = this.#weigh(now)
    const turns = new Map(before?.members.map((member, index) => [member, before.turns[index] as number]))
    // One that is new begins somewhere in its turn: of many proxies that start at once, not all may begin with the same server.
    this.turns = Float64Array.from(members, (member, index) => turns.get(member) ?? Math.floor(random() * (this.weights[index] as number)))
  }

  /** To be called before each choice. */
  at (now: number): this {
    if (now >= this.#nextStep) {
      this.#nextStep = this.#weigh(now)
      this.#groups = null
    }
    return this
  }

  get groups (): Pool<Member>['groups'] {
    if (this.#groups !== null) return this.#groups
    const { weights } = this
    const order = Int32Array.from(weights.keys()).sort((a, b) => (weights[a] as number) - (weights[b] as number))
    const ends: number[] = []
    for (let at = 1; at <= order.length; at++) {
      if (at === order.length || weights[order[at] as number] !== weights[order[at - 1] as number]) ends.push(at)
    }
    this.#groups = { order, seeds: order.map(index => (this.members[index] as Member).seed), ends }
    return this.#groups
  }

  /** Gives the moment at which the shares change again. */
  #weigh (now: number): number {
    let sum = 0
    let warmAt = 0
    for (const [index, member] of this.members.entries()) {
      const weight = this.#isEven ? 1 : member.weightAt(now)
      this.weights[index] = weight
      sum += weight
      this.sums[index] = sum
      warmAt = Math.max(warmAt, member.warmAt)
    }
    this.total = sum
    return warmAt > now && !this.#isEven ? now + STEP : Infinity
  }
}
