// Which exchanges were traced, and who is told of all of them for a while? `fastify.traces`, written by request-trace.
import type { FastifyRequest } from 'fastify'

/** What a trace shows to be wrong, or worth knowing. */
export interface TraceFinding {
  /** Stable, e.g. `EXTENSION_NOT_OFFERED`. */
  readonly code: string
  readonly severity: 'error' | 'warning' | 'information'
  /** What happened, in one sentence. */
  readonly sentence: string
  /** What to do. */
  readonly remedy: string
}

/** One traced exchange, as far as others read it. All secrets are redacted. */
export interface TracedExchange {
  /** E.g. `fr000001`; of a trace that is for a follower only, empty. */
  readonly id: string
  readonly siteId: number
  readonly siteName: string
  /** Absolute, with its port and its query. */
  readonly url: string
  readonly verb: string
  /** Of the client, as `address:port`. */
  readonly client: string
  /** ms since the epoch. */
  readonly beganAt: number
  /** ms, the life of a WebSocket counted in. */
  readonly timeTaken: number
  /** What the client got; null where it got nothing. */
  readonly status: number | null
  readonly subStatus: number
  /** Why it was traced, e.g. `STATUS_CODE`; `FOLLOWED` for a follower. */
  readonly failureReason: string
  readonly findings: readonly TraceFinding[]
}

/** Who is told of exchanges while somebody looks. */
export interface TraceFollower {
  /** Asked in a request's first hook, where nothing but the request itself is known. Must be short, and say no where enough were told: recording one costs tens of µs. */
  wants (request: FastifyRequest): boolean
  /**
   * The exchange is over; of a WebSocket also once when it is open, so that its handshake can be looked at while it lives: then again at its end.
   * Recordings are given up where memory is short: then it is not called. Called outside the road; an error is logged.
   */
  traced (request: FastifyRequest, trace: TracedExchange): void
}

/** `fastify.traces`, as far as others read it: the last traces, the newest first. */
export interface TracesFact extends Iterable<TracedExchange> {
  readonly size: number
  /** Since the start. */
  readonly written: number
  readonly lost: number
  /** By its number, `fr000001`, or by its number and its site, `W3SVC1/fr000001`. */
  get (id: string): TracedExchange | undefined
  /** Where it is there: a trace as a page of HTML that needs nothing else and runs no script. */
  html? (trace: TracedExchange): string
  /** Where it is there: tells somebody of exchanges, until the function that is returned is called. Without a follower, and without a rule, nothing is recorded. */
  follow? (follower: TraceFollower): () => void
}
