// Which server has the least to do for its weight? All of them are looked at where they are few; of many, two that are drawn.
import type { Asker, Candidate, Chooser, Pool } from './candidate.ts'
import { drawOne } from './random.ts'

/** Up to so many servers, all are looked at. Two that are drawn fill a server that has just come half as fast as looking at all does. */
const FEW = 32
/** What a server counts as having open whose last attempts have failed: a dead server must not look empty. */
const SUSPICION = 1e6
const REDRAWS = 4

type Load = (candidate: Candidate) => number

const everything: Load = ({ requests, handshakes, tunnels }) => requests + handshakes + tunnels
const webSockets: Load = ({ handshakes, tunnels }) => handshakes + tunnels

/** The fewest open requests, handshakes and tunnels by weight. */
export const leastLoad = (random: () => number): Chooser => new Least(everything, FEW, random)
/** The fewest handshakes and tunnels by weight. */
export const leastTunnels = (random: () => number): Chooser => new Least(webSockets, FEW, random)
/** The less loaded of two that are drawn by weight. */
export const powerOfTwoChoices = (random: () => number): Chooser => new Least(everything, 1, random)

class Least implements Chooser {
  readonly #load: Load
  readonly #few: number
  readonly #random: () => number

  constructor (load: Load, few: number, random: () => number) {
    this.#load = load
    this.#few = few
    this.#random = random
  }

  choose<Member extends Candidate> (pool: Pool<Member>, asker: Asker<Member>): Member | null {
    const index = pool.members.length <= this.#few ? this.#ofAll(pool, asker) : this.#ofTwo(pool, asker)
    return pool.members[index] ?? null
  }

  #loadOf (candidate: Candidate, now: number): number {
    const load = this.#load(candidate)
    return candidate.suspectUntil > now ? load + SUSPICION : load
  }

  #ofAll<Member extends Candidate> (pool: Pool<Member>, asker: Asker<Member>): number {
    const { members, weights } = pool
    let best = -1
    let least = 0
    let weight = 0
    let isTie = false
    for (let index = 0; index < members.length; index++) {
      const member = members[index] as Member
      if (asker.isRestricted && !asker.may(member)) continue
      const load = this.#loadOf(member, asker.now)
      const difference = best === -1 ? -1 : load * weight - least * (weights[index] as number)
      if (difference < 0) {
        best = index
        least = load
        weight = weights[index] as number
        isTie = false
      } else if (difference === 0) {
        isTie = true
      }
    }
    return isTie ? this.#inTurn(pool, asker, least, weight) : best
  }

  /** Those that have equally much to do take turns by weight, as in nginx. */
  #inTurn<Member extends Candidate> ({ members, weights, turns }: Pool<Member>, asker: Asker<Member>, load: number, weight: number): number {
    let best = -1
    let most = -Infinity
    let sum = 0
    for (let index = 0; index < members.length; index++) {
      const member = members[index] as Member
      if (asker.isRestricted && !asker.may(member)) continue
      const own = weights[index] as number
      if (this.#loadOf(member, asker.now) * weight !== load * own) continue
      sum += own
      const turn = (turns[index] as number) + own
      turns[index] = turn
      if (turn > most) {
        most = turn
        best = index
      }
    }
    if (best !== -1) turns[best] = most - sum
    return best
  }

  #ofTwo<Member extends Candidate> (pool: Pool<Member>, asker: Asker<Member>): number {
    const first = drawOne(pool, asker, this.#random)
    if (first === -1) return -1
    let second = first
    for (let draws = 0; second === first && draws < REDRAWS; draws++) second = drawOne(pool, asker, this.#random)
    const { members, weights } = pool
    const firstLoad = this.#loadOf(members[first] as Member, asker.now) * (weights[second] as number)
    const secondLoad = this.#loadOf(members[second] as Member, asker.now) * (weights[first] as number)
    return secondLoad < firstLoad ? second : first
  }
}
