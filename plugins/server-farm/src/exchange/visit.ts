// How does one exchange come to a server, and to another one when that fails?
import type { FarmChoice, FarmFailure, FarmQuestion, FarmRefusal, FarmVisit } from '@fastify-arr/facts'
import type { InLine, Line } from '../admission/line.ts'
import { isRetried } from '../admission/may-retry.ts'
import type { Places, Waiter } from '../admission/places.ts'
import type { RetryBudget } from '../admission/retry-budget.ts'
import { type Bound, UNBOUND } from '../affinity/bound-server.ts'
import type { Asker } from '../choosing/candidate.ts'
import { hashOf } from '../choosing/hash.ts'
import type { FarmSettings } from '../compile/settings.ts'
import { Choice, type ChoiceOwner } from './choice.ts'
import type { Server } from '../farm/server.ts'
import type { Standing } from '../farm/standing.ts'

/** The farm, as far as a visit has to do with it. */
export interface VisitHost extends ChoiceOwner {
  readonly settings: FarmSettings
  readonly standing: Standing
  readonly places: Places
  readonly budget: RetryBudget
  /** Whether any server has limits. */
  readonly isLimited: boolean
  pick (visit: Asker<Server>): Server | null
  bound (visit: FarmQuestion): Bound
  hasCookieOf (server: Server, visit: FarmQuestion): boolean
  retryAfter (): number
  tell (visit: FarmQuestion, server: Server | null, why: string): void
}

type Chosen = (choice: FarmChoice | FarmRefusal) => void

const NONE: readonly Server[] = []

export class Visit implements FarmVisit, Asker<Server>, Waiter {
  readonly farm: string
  now = 0
  since = 0
  until = 0
  before: InLine | null = null
  behind: InLine | null = null
  line: Line<Waiter> | null = null
  hasWaited = false
  readonly #host: VisitHost
  readonly #question: FarmQuestion
  readonly #isWebSocket: boolean
  #chosen: Chosen | null = null
  /** Those that it has had; the last one apart, as most visits have one alone. */
  #tried = NONE
  #last: Server | null = null
  #retries = 0
  #bound = UNBOUND
  #key: number | null = null

  constructor (host: VisitHost, question: FarmQuestion) {
    this.farm = host.settings.name
    this.#host = host
    this.#question = question
    this.#isWebSocket = question.kind === 'webSocket'
  }

  ask (chosen: Chosen): () => void {
    this.#chosen = chosen
    this.hasWaited = false
    if (this.#last === null) this.#host.budget.exchange()
    else this.#tried = [...this.#tried, this.#last]
    this.seek()
    return () => {
      if (this.#chosen !== chosen) return
      this.#chosen = null
      this.#host.places.remove(this)
    }
  }

  mayTryAgain (failure: FarmFailure): boolean {
    const { settings: { retry, affinity }, standing: { main, reserve }, budget } = this.#host
    if (retry === null || this.#last === null || this.#retries >= retry.attempts || !isRetried(retry, failure)) return false
    if (this.#bound.server !== null && affinity?.onLost === 'refuse') return false
    const isOther = (server: Server): boolean => server !== this.#last && !this.#tried.includes(server)
    if (!main.members.some(isOther) && !reserve.members.some(isOther)) return false
    if (!budget.take(retry.budget)) return false
    this.#retries++
    return true
  }

  /** Looks for a server; where all are full, it waits for one. */
  seek (): void {
    const { settings } = this.#host
    if (this.#last === null && settings.affinity !== null) {
      this.#bound = this.#host.bound(this.#question)
      const { server, isLost } = this.#bound
      if (server !== null) {
        if (!this.#isWebSocket || server.hasPlace) this.enter(server)
        else this.#wait(server)
        return
      }
      if (isLost && settings.affinity.onLost === 'refuse') return this.#refuse('lost')
    }
    // A place that is free is one that nobody in the line can use: it was offered there first.
    const server = this.find()
    if (server !== null) return this.enter(server)
    const { main, reserve } = this.#host.standing
    if (main.members.length + reserve.members.length === 0) this.#refuse('none')
    else this.#wait(null)
  }

  find (): Server | null {
    this.now = this.#host.clock.now()
    const server = this.#host.pick(this)
    if (server !== null || this.#tried.length === 0) return server
    const { main, reserve } = this.#host.standing
    if ([...main.members, ...reserve.members].some(one => !this.#tried.includes(one))) return null
    // It has had every one there is: then again, rather than none.
    const tried = this.#tried
    this.#tried = NONE
    const again = this.#host.pick(this)
    this.#tried = tried
    return again
  }

  enter (server: Server): void {
    const chosen = this.#chosen
    if (chosen === null) return
    this.#chosen = null
    const question = this.#question
    const { affinity } = this.#host.settings
    this.#host.tell(question, server, this.#why)
    this.#last = server
    const isBound = affinity?.cookie !== null && affinity !== null && this.#host.hasCookieOf(server, question)
    const choice = new Choice(this.#host, server, question.request, question.secure, this.#isWebSocket, affinity, isBound)
    try {
      chosen(choice)
    } catch (error) {
      choice.ended(null)
      throw error
    }
  }

  expired (): void {
    this.#host.places.left(this)
    this.#refuse('busy')
  }

  /** The farm closes. */
  giveUp (): void {
    this.#refuse('none')
  }

  get isRestricted (): boolean {
    return this.#tried.length > 0 || (this.#isWebSocket && this.#host.isLimited)
  }

  get hasTried (): boolean {
    return this.#tried.length > 0
  }

  may (server: Server): boolean {
    return !this.#tried.includes(server) && (!this.#isWebSocket || server.hasPlace)
  }

  get key (): number {
    this.#key ??= hashOf(this.#host.settings.hash?.textOf(this.#question.request) ?? '')
    return this.#key
  }

  get load (): number {
    return this.#host.load
  }

  get #why (): string {
    if (this.#last !== null) return 'retry'
    if (this.#bound.isLost) return 'lost affinity'
    if (this.#bound.server !== null) return 'affinity'
    return this.#host.standing.isAllDown ? 'all down' : 'algorithm'
  }

  #wait (server: Server | null): void {
    const { places, settings: { wait, waiting } } = this.#host
    if (wait === 0 || places.waiting >= waiting) this.#refuse('busy')
    else places.add(this, server, wait)
  }

  #refuse (reason: FarmRefusal['reason']): void {
    const chosen = this.#chosen
    if (chosen === null) return
    this.#chosen = null
    this.#host.tell(this.#question, null, reason)
    chosen({ reason, retryAfter: this.#host.retryAfter() })
  }
}
