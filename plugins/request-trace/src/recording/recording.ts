// What is kept of one exchange while it goes on? One flat list, texts by reference; it becomes a trace only where a rule says so.
import type { RequestFacts, Told, TraceFact } from '@fastify-arr/facts'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Followed } from '../following/followed.ts'
import { Secrets } from '../redaction/secrets.ts'
import type { CompiledRule, Levels } from '../rules/rule.ts'
import { AREA_INDEX } from '../rules/rule.ts'
import type { Verdict } from '../rules/judge.ts'
import { EVENTS, LEVELS, type EventName } from '../trace/events.ts'
import type { Budget, Counted } from './budget.ts'
import type { ClientConnection } from './client-connection.ts'
import type { FrameLog } from './frame-log.ts'
import { MOMENT, type Moment } from './moments.ts'

/** Request and facts, any of which may be missing. */
export type TracedRequest = Omit<FastifyRequest, keyof RequestFacts> & Told<Omit<RequestFacts, 'trace'>> & { trace?: TraceFact | null }

/** What a moment costs beside its texts, bytes. */
const MOMENT_BYTES = 96
const RECORDING_BYTES = 768
/** The room that is kept for the end of a WebSocket: Close frames of all sides and the ends of both sockets. */
const ENDING_BYTES = 2_048
const ENDINGS: ReadonlySet<Moment> = new Set([MOMENT.closeFrame, MOMENT.unreadable, MOMENT.socketEnd])
const NOTHING: never[] = []

/** The recording of one exchange. It is held by the request's raw object. */
export class Recording implements Counted {
  bytes = 0
  older: Counted | null = null
  newer: Counted | null = null

  /** Fastify's objects of the last pass through the router. */
  request: TracedRequest
  reply: FastifyReply
  readonly connection: ClientConnection
  /** On the clock of `performance.now()`, ms. */
  readonly startedAt = performance.now()
  readonly beganAt = Date.now()
  /** Rules whose path and clients fit, until the site says which one it is. */
  candidates: readonly CompiledRule[]
  /** The rule; null until it is known. */
  rule: CompiledRule | null = null
  levels: Levels
  /** The candidates whose secret the request has; null for none. */
  askedFor: readonly CompiledRule[] | null = null
  /** What of texts is secret. */
  readonly secrets = new Secrets()

  /** As they came, redacted: names and values in turn. */
  headers: readonly string[] = NOTHING
  /** Absolute, redacted. */
  url = ''
  verb = ''
  entries: unknown[] = []
  frames: FrameLog | null = null
  /** Events that were not kept, for want of room. */
  lost = 0
  /** The level of the worst event; 0 for none. */
  worst = 0
  /** Whether the site, the rejection and the head for the client were noted. */
  knowsSite = false
  knowsRejection = false
  knowsHead = false

  fact: TraceFact | null = null
  verdict: Verdict | null = null
  /** Whether the sample takes it; null until it is drawn. */
  drawn: boolean | null = null
  /** The response has closed; the tunnel has. */
  closed = false
  tunnelEnded = false
  /** The bytes of the connection at its end; null where they are not known. */
  received: number | null = null
  sent: number | null = null
  /** It was given up, or is over. */
  dropped = false
  /** The recorder: channels tell of the exchanges of all servers of a process. */
  readonly owner: object
  /** Who follows it; null for nobody. */
  followed: Followed | null = null
  /** Gives back its place in the line of those that are written; null while it has none. */
  unreserve: (() => void) | null = null
  readonly #budget: Budget

  constructor (request: TracedRequest, reply: FastifyReply, connection: ClientConnection, candidates: readonly CompiledRule[], levels: Levels, budget: Budget, owner: object) {
    this.owner = owner
    this.request = request
    this.reply = reply
    this.connection = connection
    this.candidates = candidates
    this.levels = levels
    this.#budget = budget
    budget.add(this)
    this.room(RECORDING_BYTES)
  }

  /** ms since the exchange began. */
  get now (): number {
    return performance.now() - this.startedAt
  }

  /** Whether events like this one are kept. */
  keeps (name: EventName): boolean {
    const { area, level } = EVENTS[name]
    return (this.levels[AREA_INDEX[area]] as number) >= LEVELS[level]
  }

  /** Whether there is room for so many bytes, and `left` besides. */
  room (bytes: number, left = 0): boolean {
    return !this.dropped && this.#budget.charge(this, bytes, left)
  }

  /** Begins a moment; its values are to be pushed to `entries`, where this is true. */
  begin (moment: Moment, textLength: number): boolean {
    if (this.dropped) return false
    // How a WebSocket ended is what its trace is opened for, whatever has passed before.
    if (!this.#budget.charge(this, MOMENT_BYTES + textLength, ENDINGS.has(moment) ? -ENDING_BYTES : 0)) {
      this.lost++
      return false
    }
    this.entries.push(this.now, moment)
    return true
  }

  /** An event of this level has happened, kept or not. */
  met (level: number): void {
    if (this.worst === 0 || level < this.worst) this.worst = level
  }

  /** The exchange is over, or nothing records it. */
  drop (): void {
    if (this.dropped) return
    this.#budget.remove(this)
    this.giveUp()
  }

  giveUp (): void {
    this.dropped = true
    this.entries = NOTHING
    this.headers = NOTHING
    this.frames = null
    // A log line must not name a trace that nobody writes.
    if (this.fact !== null) this.request.trace = null
    this.fact = null
    this.unreserve?.()
    this.unreserve = null
    this.followed?.heard()
    this.followed = null
  }
}
