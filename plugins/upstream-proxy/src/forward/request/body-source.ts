// Where is a request's body to be read, and what is known of it before?
import { Readable } from 'node:stream'
import type { FastifyRequest } from 'fastify'
import { ERRORS } from '../../errors.ts'

/** What body a request has: none, one of known length, or one that ends when it ends. */
export type BodyKind = 'none' | 'sized' | 'chunked'

/** Where the body is to be read: as it came, or, where a hook has read it, what that gave in its place. Throws BodyTaken where there is none of the two. */
export function sourceOf ({ raw, body }: FastifyRequest): Readable {
  const given = body instanceof Readable && body !== raw ? body : null
  if (raw.readableDidRead) {
    if (given === null || given.readableDidRead || given.destroyed) throw new ERRORS.BodyTaken()
    return given
  }
  // Who listens has had it flow before we do; and a stream that nobody reads would have us wait.
  if (raw.readableFlowing !== null) raw.unpipe().pause()
  return raw
}

/** True for a stream that is no request. */
export function isGiven (source: Readable): boolean {
  return !('complete' in source)
}
