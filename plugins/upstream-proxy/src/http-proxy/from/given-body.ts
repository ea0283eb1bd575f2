// Which bytes are sent where the body is not passed on as it comes? Those of `replyOptions.body`, or a parsed body, written again.
import { Readable } from 'node:stream'
import type { FastifyRequest } from 'fastify'
import type { FromOptions } from '../options/peer-options.ts'

/** The bytes of a body, and their type where that is not the client's. */
export interface GivenBody {
  readonly bytes: Uint8Array
  readonly type: string | undefined
}

/** Null where the request's own body is passed on. Throws where a body cannot be written. `encoded` are the types that are sent as JSON. */
export function givenBody (request: FastifyRequest, { body, contentType, method = request.method }: FromOptions, encoded: ReadonlySet<string>): GivenBody | null {
  if (body === undefined) return parsedBody(request, encoded)
  if (body === null) return { bytes: new Uint8Array(), type: undefined }
  if (method === 'GET' || method === 'HEAD') throw new Error(`Rewriting the body when doing a ${method} is not allowed`)
  if (body instanceof Readable) throw new Error('sending a new body as a stream is not supported yet')
  const isTyped = contentType !== undefined && contentType !== ''
  return { bytes: bytesOf(isTyped ? body : JSON.stringify(body)), type: isTyped ? contentType : 'application/json' }
}

function parsedBody ({ body, headers, raw }: FastifyRequest, encoded: ReadonlySet<string>): GivenBody | null {
  if (body instanceof Readable || !raw.readableDidRead) return null
  if (body === undefined) return { bytes: new Uint8Array(), type: undefined }
  const own = headers['content-type']
  const isJson = own !== undefined && encoded.has((own.split(';', 1)[0] as string).trim().toLowerCase())
  return { bytes: bytesOf(isJson ? JSON.stringify(body) : body), type: own ?? 'application/octet-stream' }
}

function bytesOf (body: unknown): Uint8Array {
  if (body instanceof Uint8Array) return body
  if (typeof body === 'string') return Buffer.from(body)
  throw new TypeError('a parsed body of this type cannot be written again: its type belongs into `contentTypesToEncode`')
}
