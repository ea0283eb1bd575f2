// Which stream is a request's body read from, and what is known about its length?
import { Readable } from 'node:stream'
import type { FastifyRequest } from 'fastify'
import { ERRORS } from '../../errors.ts'

/** The kind of a request's body: none, one of known length, or one of unknown length, which is sent chunked. */
export type BodyKind = 'none' | 'sized' | 'chunked'

const GIVEN = Symbol('given body')

/** Bytes that are sent as the body, with their length. */
class WholeBody extends Readable {
  readonly headers: { readonly 'content-length': string }

  constructor (bytes: Uint8Array) {
    super({ read () {} })
    this.headers = { 'content-length': String(bytes.length) }
    this.push(bytes)
    this.push(null)
  }
}

/** Sends these bytes in place of the request's own body. */
export function giveBody (request: FastifyRequest, bytes: Uint8Array): void {
  (request as { [GIVEN]?: Uint8Array })[GIVEN] = bytes
}

/** The length of the bytes that are sent in place of the request's own body; null where there are none. */
export function givenLength (request: FastifyRequest): number | null {
  return (request as { [GIVEN]?: Uint8Array })[GIVEN]?.length ?? null
}

/** The stream to read the body from: the request itself, or, where a hook has read that, the stream that the hook provided. Throws BodyTaken where there is neither. */
export function sourceOf (request: FastifyRequest): Readable {
  const bytes = (request as { [GIVEN]?: Uint8Array })[GIVEN]
  if (bytes !== undefined) return new WholeBody(bytes)
  const { raw, body } = request
  const given = body instanceof Readable && body !== raw ? body : null
  if (raw.readableDidRead) {
    if (given === null || given.readableDidRead || given.destroyed) throw new ERRORS.BodyTaken()
    return given
  }
  // A hook may have made the request flow before the proxy reads it, or piped it into a stream that nothing reads, which would stall the body.
  if (raw.readableFlowing !== null) raw.unpipe().pause()
  return raw
}

/** True for a stream that a hook provided, which is not a request. */
export function isGiven (source: Readable): boolean {
  return !('complete' in source)
}
