// What is it that a route sends, and how is it read as a stream?

import { Readable } from 'node:stream'
import type { ReadableStream } from 'node:stream/web'
import type { FastifyReply } from 'fastify'

/** A `Response` is its body, once its head is the reply's; Fastify does the same, but after the rules. */
export function unwrapped (payload: unknown, reply: FastifyReply): unknown {
  if (!isResponse(payload) || payload.bodyUsed) return payload
  reply.code(payload.status)
  for (const [name, value] of payload.headers) reply.header(name, value)
  return payload.body ?? ''
}

// Of any make: there are packages that bring their own.
const isResponse = (payload: unknown): payload is Response => Object.prototype.toString.call(payload) === '[object Response]'

/** Whether the whole payload is there already. */
export const isText = (payload: unknown): payload is string | Buffer => typeof payload === 'string' || Buffer.isBuffer(payload)

/** The payload as a stream; null where there is nothing to read, or nothing that Fastify takes. */
export function streamOf (payload: unknown): Readable | null {
  if (isText(payload)) return Readable.from([Buffer.from(payload)])
  if (typeof payload !== 'object' || payload === null) return null
  if ('pipe' in payload) return payload as Readable
  return 'getReader' in payload && !(payload as ReadableStream).locked ? Readable.fromWeb(payload as ReadableStream) : null
}

/** An error's own body is neither compressed nor what the validator speaks of. */
export function withoutCoding (reply: FastifyReply): void {
  if (reply.raw.headersSent) return
  for (const name of ['content-encoding', 'etag']) {
    reply.removeHeader(name)
    // A stream's head is handed to Node before its first byte; older releases of Fastify 5 leave it there.
    reply.raw.removeHeader(name)
  }
}
