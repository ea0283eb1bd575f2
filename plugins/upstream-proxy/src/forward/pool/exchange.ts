// Which events pass between an exchange, the connection that serves it, and the pool that owns the connection?
import type { Moment, Side } from '@fastify-arr/facts'
import type { FastifyRequest } from 'fastify'
import type { ErrorName } from '../../errors.ts'
import type { Origin } from '../../route/target.ts'
import type { AnswerSink } from '../answer/answer-parser.ts'
import type { Outgoing } from './outgoing.ts'

/** The source of an answer's body, which can be paused and resumed. */
export interface Source {
  hold (): void
  resume (): void
  abandon (reads?: boolean): void
}

/** A connection, as the exchange that it serves sees it. */
export interface Line extends Source {
  /** True where the connection served an earlier exchange: the upstream may be about to close it. */
  readonly kept: boolean
  /** What the request is written to. */
  readonly out: Outgoing
  /** Prepares for the answer to a request that is about to be written. Where the request has a body, `sent` of `out` reports its end. */
  expect (method: string, hasBody: boolean): void
}

/** How a connection, or the wait for one, failed for an exchange. */
export interface Failure {
  readonly name: ErrorName
  readonly moment: Moment
  readonly side: Side
  readonly cause: unknown
  /** True where the connection had served an earlier exchange and closed without a byte of this answer: the upstream may have closed it as idle. */
  readonly stale: boolean
}

/** An exchange, as its connection sees it. */
export interface Exchange extends AnswerSink {
  /** The client's request. */
  readonly request: FastifyRequest
  /** The connection is being opened for this exchange. */
  dialling (connection: Line): void
  /** The connection is open and belongs to this exchange, which now writes its request. */
  connected (connection: Line): void
  /** All bytes of this read were reported: output that waits for more may be sent. */
  flush (): void
  /** The upstream accepts more of the request's body. */
  drained (): void
  /** The connection was lost, or a time limit has passed. */
  failed (failure: Failure): void
}

/** The pool that owns a connection, as the connection sees it. */
export interface Owner<Connection> {
  /** Where its connections go. */
  readonly origin: Origin
  /** The connection can serve the next exchange. */
  free (connection: Connection): void
  /** The connection is closed. */
  gone (connection: Connection): void
}
