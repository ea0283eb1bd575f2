// What do an exchange, the connection that serves it and the pool that owns that tell each other?
import type { Moment, Side } from '@fastify-arr/facts'
import type { FastifyRequest } from 'fastify'
import type { ErrorName } from '../../errors.ts'
import type { AnswerSink } from '../answer/answer-parser.ts'
import type { Outgoing } from './outgoing.ts'

/** Where the parts of an answer's body come from: told to wait, and to go on. */
export interface Source {
  hold (): void
  resume (): void
  abandon (): void
}

/** A connection, as the exchange that it serves sees it. */
export interface Line extends Source {
  /** True where an earlier exchange was served: the upstream may be about to close it. */
  readonly kept: boolean
  /** What the request is written to. */
  readonly out: Outgoing
  /** Awaits the answer to a request that is about to be written. */
  expect (method: string, hasBody: boolean): void
}

/** How a connection, or the wait for one, let an exchange down. */
export interface Failure {
  readonly name: ErrorName
  readonly moment: Moment
  readonly side: Side
  readonly cause: unknown
  /** The connection had served before and closed without a byte of an answer: the upstream may just have been tired of waiting. */
  readonly stale: boolean
}

/** The exchange that a connection serves at the moment. */
export interface Exchange extends AnswerSink {
  /** Whose it is. */
  readonly request: FastifyRequest
  /** The connection is being opened for this exchange. */
  dialling (connection: Line): void
  /** The connection is open and this exchange's: write the request. */
  connected (connection: Line): void
  /** All that was read is told: what waits for more may leave. */
  flush (): void
  /** The upstream can take more of the request's body. */
  drained (): void
  /** The connection is lost, or its time is up. */
  failed (failure: Failure): void
}

/** What a connection reports to the pool that owns it. */
export interface Owner<Connection> {
  /** It can serve the next exchange. */
  free (connection: Connection): void
  /** It is closed. */
  gone (connection: Connection): void
}
