// What does each part of a filter do? It looks at a request and refuses it, or lets it pass.
import type { Rejection } from '@fastify-arr/facts'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Target } from '../url/target.ts'

/** A request as the checks see it. */
export interface Asked {
  readonly request: FastifyRequest
  /** Tells when the exchange is over. A check sends nothing with it. */
  readonly reply: FastifyReply
  readonly target: Target
  /** Whether it asks to become a WebSocket: by an Upgrade header, or by extended CONNECT over HTTP/2 (RFC 8441). */
  readonly isWebSocket: boolean
}

/** Why a request is refused, and how. */
export interface Refusal extends Pick<Rejection, 'reason' | 'detail'> {
  readonly statusCode: number
  /** IIS's substatus, e.g. 8 for 404.8. */
  readonly subStatusCode: number
  /** Seconds after which the client may try again; sent as Retry-After. */
  readonly retryAfter?: number
  /** The connection is cut instead of being answered (IIS's `AbortRequest`). */
  readonly abort?: boolean
}

/** One compiled part of a filter. Null lets the request pass to the next part. */
export type Check = (asked: Asked) => Refusal | null

/** Compiles one part of the options; `at` is its name in mistakes, e.g. `places[0].origins`. Null where the part can refuse nothing. */
export type CompilePart = (value: unknown, at: string, mistakes: string[]) => Check | null
