// Which tunnels are moved from a full server to an empty one? The idlest of the fullest, a few a second, and never more than are over its share.
import type { GoodbyeSettings, RebalanceSettings } from '../compile/settings.ts'
import type { Clock } from '../farm/clock.ts'
import type { OpenPlace, OpenPlaces } from '../farm/open-place.ts'

const ROUND = 1000 // ms

/** A server that takes part. */
export interface Balanced {
  readonly open: OpenPlaces
  readonly weight: number
}

interface Share<Member> {
  readonly member: Member
  /** Without those that were told goodbye. */
  staying: number
  readonly share: number
}

export class Rebalance<Member extends Balanced> {
  readonly #clock: Clock
  readonly #settings: RebalanceSettings
  readonly #goodbye: () => GoodbyeSettings
  readonly #members: () => readonly Member[]
  readonly #endsWhenEven: boolean
  readonly #fullSince = new Map<Member, number>()
  #stop: (() => void) | null = null

  constructor (members: () => readonly Member[], settings: RebalanceSettings, goodbye: () => GoodbyeSettings, clock: Clock, endsWhenEven: boolean) {
    this.#members = members
    this.#settings = settings
    this.#goodbye = goodbye
    this.#clock = clock
    this.#endsWhenEven = endsWhenEven
  }

  start (): void {
    this.#stop ??= this.#clock.after(ROUND, () => {
      this.#stop = null
      const moved = this.round()
      if (moved > 0 || !this.#endsWhenEven) this.start()
    })
  }

  stop (): void {
    this.#stop?.()
    this.#stop = null
  }

  /** How many tunnels are over the shares of their servers. */
  get over (): number {
    return this.#shares().reduce((sum, one) => sum + Math.max(0, Math.floor(one.staying - one.share)), 0)
  }

  /** Says goodbye to some, and gives how many that were. */
  round (): number {
    const shares = this.#shares()
    const now = this.#clock.now()
    const { threshold, after, perSecond, } = this.#settings
    const full = shares.filter(one => {
      const isFull = one.staying - one.share >= 1 && one.staying > one.share * (1 + threshold)
      if (!isFull) this.#fullSince.delete(one.member)
      else if (!this.#fullSince.has(one.member)) this.#fullSince.set(one.member, now)
      return isFull && now - (this.#fullSince.get(one.member) as number) >= after
    })
    for (const member of this.#fullSince.keys()) if (!shares.some(one => one.member === member)) this.#fullSince.delete(member)
    const told = new Map<Share<Member>, number>()
    for (let left = perSecond; left > 0; left--) {
      const fullest = full.filter(one => one.staying - one.share >= 1).sort((a, b) => b.staying / b.share - a.staying / a.share)[0]
      if (fullest === undefined) break
      fullest.staying--
      told.set(fullest, (told.get(fullest) ?? 0) + 1)
    }
    const { code, reason } = this.#goodbye()
    let moved = 0
    for (const [{ member }, count] of told) {
      for (const place of idlest(member.open, count)) {
        place.leave(code, reason)
        moved++
      }
    }
    return moved
  }

  #shares (): Array<Share<Member>> {
    const members = this.#members()
    const staying = members.map(({ open }) => {
      let count = 0
      for (const place of open) if (!place.isLeaving) count++
      return count
    })
    const all = staying.reduce((sum, count) => sum + count, 0)
    const weights = members.reduce((sum, { weight }) => sum + weight, 0)
    return members.map((member, index) => ({ member, staying: staying[index] as number, share: weights === 0 ? all : all * member.weight / weights }))
  }
}

/** The tunnels in which bytes last passed the longest ago, of those that stay. */
function idlest (open: OpenPlaces, count: number): OpenPlace[] {
  const found: Array<{ readonly place: OpenPlace, readonly lastActivity: number }> = []
  for (const place of open) {
    if (place.isLeaving) continue
    const { lastActivity } = place
    if (found.length === count && lastActivity >= (found.at(-1)?.lastActivity ?? 0)) continue
    const at = found.findIndex(other => other.lastActivity > lastActivity)
    found.splice(at === -1 ? found.length : at, 0, { place, lastActivity })
    if (found.length > count) found.pop()
  }
  return found.map(({ place }) => place)
}
