// What does the head of the request look like on its way to the upstream?
import type { Http2ServerRequest } from 'node:http2'
import type { FastifyRequest } from 'fastify'
import { ERRORS } from '../errors.ts'
import { type HeaderPolicy, upstreamHeaders } from '../request-headers.ts'
import type { Route } from '../route.ts'
import { areFields } from './answer-head.ts'
import type { BodyKind } from './request-body.ts'

/** A request's head, ready to be sent, any number of times. */
export interface RequestHead {
  readonly method: string
  /** From the request line to the empty line. */
  readonly text: string
  readonly body: BodyKind
}

/** Makes the head. Throws BadTarget where it would not be valid HTTP. */
export function requestHead (request: FastifyRequest, route: Route, policy: HeaderPolicy, logId: string): RequestHead {
  const method = request.method
  const body = bodyOf(request)
  const headers = upstreamHeaders(request, route.origin, policy, logId, route.changes)
  let fields = ''
  for (let i = 0; i < headers.length; i += 2) fields += `${headers[i] as string}: ${headers[i + 1] as string}\r\n`
  if (body === 'chunked') fields += 'Transfer-Encoding: chunked\r\n'
  if (!areFields(fields)) throw new ERRORS.BadTarget()
  return { method, body, text: `${method} ${route.path} HTTP/1.1\r\n${fields}\r\n` }
}

function bodyOf (request: FastifyRequest): BodyKind {
  const { headers } = request.raw
  if (request.raw.httpVersionMajor === 2) {
    if ((request.raw as unknown as Http2ServerRequest).stream.endAfterHeaders) return 'none'
    return headers['content-length'] === undefined ? 'chunked' : 'sized'
  }
  const length = headers['content-length']
  if (headers['transfer-encoding'] !== undefined) {
    if (length !== undefined) throw new ERRORS.BadTarget()
    return 'chunked'
  }
  return length === undefined || length === '0' ? 'none' : 'sized'
}
