// What kind of payload does a route send, and how is it read as a stream?

import { Readable } from 'node:stream'
import type { ReadableStream } from 'node:stream/web'
import type { FastifyReply } from 'fastify'

/** Copies a `Response`'s status and headers to the reply, and gives its body; Fastify does the same, but only after `onSend`. */
export function unwrapped (payload: unknown, reply: FastifyReply): unknown {
  if (!isResponse(payload) || payload.bodyUsed) return payload
  reply.code(payload.status)
  for (const [name, value] of payload.headers) reply.header(name, value)
  return payload.body ?? ''
}

// Checked by tag, since packages bring `Response` classes of their own.
const isResponse = (payload: unknown): payload is Response => Object.prototype.toString.call(payload) === '[object Response]'

/** Whether the payload is complete, not a stream. */
export const isText = (payload: unknown): payload is string | Buffer => typeof payload === 'string' || Buffer.isBuffer(payload)

/** The payload as a stream; null where there is nothing to read, or nothing that Fastify accepts. */
export function streamOf (payload: unknown): Readable | null {
  if (isText(payload)) return Readable.from([Buffer.from(payload)])
  if (typeof payload !== 'object' || payload === null) return null
  if ('pipe' in payload) return payload as Readable
  return 'getReader' in payload && !(payload as ReadableStream).locked ? Readable.fromWeb(payload as ReadableStream) : null
}

/** Removes the headers that don't hold for the body of an error: it is not compressed, and the validator is of another body. */
export function withoutCoding (reply: FastifyReply): void {
  if (reply.raw.headersSent) return
  for (const name of ['content-encoding', 'etag']) {
    reply.removeHeader(name)
    // Fastify sets a stream's headers on Node's response before the first byte; older releases of Fastify 5 leave them there.
    reply.raw.removeHeader(name)
  }
}
