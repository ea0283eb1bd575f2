// Who gets a place at a server that has become free? Those that wait, in the order in which they came.
import type { Clock } from '../farm/clock.ts'
import type { Server } from '../farm/server.ts'
import { type InLine, Line } from './line.ts'

/** So many of those that have had a server are asked whether they can use a place: the first ones may have had this one. */
const LOOKED_AT = 16

/** A handshake that may have to wait. */
export interface Waiter extends InLine {
  /** Whether it has waited for this answer before: then its time goes on. */
  hasWaited: boolean
  /** Whether it has had a server that has failed, which it would not have again. */
  readonly hasTried: boolean
  /** The line that it stands in; null where it stands in none. */
  line: Line<Waiter> | null
  /** A server that it may have now, or null. */
  find (): Server | null
  enter (server: Server): void
  /** Its server is not what it was: it asks anew. */
  seek (): void
}

export class Places {
  readonly #clock: Clock
  /** Those that may have any server: a place that the first of them cannot use is one for none of them. */
  readonly #line: Line<Waiter>
  /** Those that may not have every one. */
  readonly #again: Line<Waiter>
  /** Clients that are bound to a server wait for that one. */
  readonly #bound = new Map<Server, Line<Waiter>>()
  readonly #freed: Server[] = []
  #waiting = 0
  #isGiving = false

  constructor (clock: Clock) {
    this.#clock = clock
    this.#line = new Line(clock)
    this.#again = new Line(clock)
  }

  get waiting (): number {
    return this.#waiting
  }

  /**
   * One that comes again, because its server has changed, waits no longer for that.
   *
   * @param server the one that it is bound to, or null.
   */
  add (waiter: Waiter, server: Server | null, wait: number): void {
    let line = server !== null ? this.#bound.get(server) : waiter.hasTried ? this.#again : this.#line
    if (line === undefined) {
      line = new Line(this.#clock)
      this.#bound.set(server as Server, line)
    }
    if (!waiter.hasWaited) {
      waiter.hasWaited = true
      waiter.since = this.#clock.now()
      waiter.until = waiter.since + wait
    }
    waiter.line = line
    this.#waiting++
    line.add(waiter)
  }

  remove (waiter: Waiter): void {
    waiter.line?.remove(waiter)
    this.left(waiter)
  }

  /** It is out of its line already. */
  left (waiter: Waiter): void {
    if (waiter.line === null) return
    waiter.line = null
    this.#waiting--
    for (const [server, line] of this.#bound) if (line.size === 0) this.#bound.delete(server)
  }

  /** A server may have a place. Whoever gets it may fail at once, which comes back here: then the work that is under way goes on with it. */
  freed (server: Server): void {
    if (this.#waiting === 0) return
    this.#freed.push(server)
    if (this.#isGiving) return
    this.#isGiving = true
    try {
      for (let next = this.#freed.pop(); next !== undefined; next = this.#freed.pop()) this.#give(next)
    } finally {
      this.#isGiving = false
    }
  }

  /** Those that are bound to a server ask anew. */
  unbind (server: Server): void {
    const line = this.#bound.get(server)
    if (line === undefined) return
    for (let left = line.size; left > 0 && line.first !== null; left--) {
      const waiter = line.first
      this.remove(waiter)
      waiter.seek()
    }
  }

  /** Empties the lines. */
  * all (): Generator<Waiter> {
    for (const line of [this.#line, this.#again, ...this.#bound.values()]) {
      for (let first = line.first; first !== null; first = line.first) {
        this.remove(first)
        yield first
      }
    }
  }

  #give (server: Server): void {
    while (server.hasPlace) {
      const bound = this.#bound.get(server)?.first ?? null
      if (this.#giveToLine(bound?.since ?? Infinity)) continue
      if (bound === null) return
      this.remove(bound)
      bound.enter(server)
    }
  }

  /** To the one of both lines that came first and can use a place, where it came before that time. */
  #giveToLine (before: number): boolean {
    let fresh = this.#line.first
    let again = this.#again.first
    for (let looked = 0; fresh !== null || again !== null;) {
      const isAgain: boolean = again !== null && (fresh === null || again.since <= fresh.since)
      const waiter = (isAgain ? again : fresh) as Waiter
      if (waiter.since >= before) return false
      const server = waiter.find()
      if (server !== null) {
        this.remove(waiter)
        waiter.enter(server)
        return true
      }
      if (!isAgain) fresh = null
      else again = ++looked < LOOKED_AT ? waiter.behind as Waiter | null : null
    }
    return false
  }
}
