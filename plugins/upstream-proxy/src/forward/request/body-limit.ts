// How large may a request's body be?
import type { Upstream } from '@fastify-arr/facts'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { closeAfter } from '../../dispatch/last-answer.ts'
import { describe, ERRORS } from '../../errors.ts'
import { isPromise } from '../../options/promise.ts'
import type { BodyKind } from './body-source.ts'

/** The largest body, in bytes, or a function of the request that gives it; `undefined`, `null` and `Infinity` are no limit. */
export type MaxBodySize = number | ((request: FastifyRequest) => number | null | undefined)

/** True for a number that may limit a body. */
export function isBodySize (value: unknown): value is number {
  return typeof value === 'number' && value >= 0
}

/** The most bytes of this request's body that may be forwarded. Throws BodyTooLarge where the client has announced more, and BadLimit where the function gives no limit. */
export function bodyLimit (request: FastifyRequest, reply: FastifyReply, kind: BodyKind, max: MaxBodySize): number {
  if (kind === 'none' || max === Infinity) return Infinity
  const limit = typeof max === 'number' ? max : given(request, max)
  // The length that the client announces is that of its own body; a stream that a hook gives is counted as it passes.
  if (kind !== 'sized' || Number(request.raw.headers['content-length']) <= limit) return limit
  ;(request.upstream as Upstream).error = describe('BodyTooLarge', 'request', 'client')
  closeAfter(reply)
  throw new ERRORS.BodyTooLarge()
}

function given (request: FastifyRequest, max: Exclude<MaxBodySize, number>): number {
  let limit: unknown
  try {
    limit = max(request) ?? Infinity
  } catch (error) {
    request.log.error({ err: error }, 'upstream-proxy: `maxBodySize` threw an error')
    throw new ERRORS.BadLimit()
  }
  if (isBodySize(limit)) return limit
  isPromise(limit) // its rejection is handled
  request.log.error('upstream-proxy: `maxBodySize` must give a number of bytes, 0 or more, or nothing')
  throw new ERRORS.BadLimit()
}
