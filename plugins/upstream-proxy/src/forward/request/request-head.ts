// What does the head of the request look like on its way to the upstream?
import type { Http2ServerRequest } from 'node:http2'
import type { Readable } from 'node:stream'
import type { FastifyRequest } from 'fastify'
import { ERRORS } from '../../errors.ts'
import { soleHost } from '../../headers/authority.ts'
import type { HeaderNames } from '../../headers/header-names.ts'
import { isHeader, type RawHeaders, TOKEN, without } from '../../headers/raw-headers.ts'
import { upstreamHeaders } from '../../headers/request-headers.ts'
import type { Settings } from '../../options.ts'
import { isPromise } from '../../options/promise.ts'
import { isPath, type Route } from '../../route/route.ts'
import type { Origin } from '../../route/target.ts'
import type { Places } from '../answer/reverse-rewrite.ts'
import { framed, listed, type RewriteRequest } from '../answer/rewrites.ts'
import { type BodyKind, sourceOf } from './body-source.ts'
import { awaitsContinue } from './continue.ts'

/** A request's head, ready to be sent, any number of times. */
export interface RequestHead {
  readonly origin: Origin
  readonly method: string
  /** The Host it names. */
  readonly host: string
  readonly paths: Places['paths']
  /** From the request line to the empty line. */
  readonly text: string
  readonly body: BodyKind
  /** What the body is read from; null where there is none. */
  readonly source: Readable | null
  /** Which of its trailers pass. */
  readonly names: HeaderNames
}

const TRAILERS = /(?:^|[,\s])trailers(?:[,;\s]|$)/i

/** Makes the head. Throws BadTarget where it would not be valid HTTP, and BodyTaken where the body was read by somebody else. */
export function requestHead (request: FastifyRequest, route: Route, settings: Settings, logId: string): RequestHead {
  let body = bodyOf(request)
  let { origin, path } = route
  let method = request.raw.method ?? request.method
  let headers = upstreamHeaders(request, origin, settings.headers, logId, route.changes)
  // We pass trailers on, so whoever can take some may say so (RFC 9110 §10.1.4).
  const { te } = request.raw.headers
  if (te !== undefined && TRAILERS.test(String(te))) headers.push('TE', 'trailers')
  const { rewriteRequest } = settings.forward
  if (rewriteRequest !== null) ({ origin, path, method, headers } = rewritten(request, route, headers, rewriteRequest, settings))
  // Last, for it stops the body until we read it.
  const source = body === 'none' ? null : sourceOf(request)
  if (source !== null && source !== request.raw) {
    body = 'chunked' // its length is its own
    without(headers, 'content-length')
  }

  let text = `${method} ${path} HTTP/1.1\r\n`
  for (let i = 0; i < headers.length; i += 2) text += `${headers[i] as string}: ${headers[i + 1] as string}\r\n`
  if (body === 'chunked') text += 'Transfer-Encoding: chunked\r\n'
  // An HTTP/2 request says by its frames that it has no body; here, a method that may have one needs the word (RFC 9110 §8.6).
  else if (body === 'none' && request.raw.httpVersionMajor === 2 && isBodyUsual(method) && request.headers['content-length'] === undefined) text += 'Content-Length: 0\r\n'
  if (awaitsContinue(request.raw) && body !== 'none') text += 'Expect: 100-continue\r\n'
  return { origin, method, host: headers[0] === 'Host' ? headers[1] as string : soleHost(headers), paths: route.paths, body, source, names: settings.headers.names, text: `${text}\r\n` }
}

/** What the user's `rewriteRequest` makes of it. Throws BadTarget where that is not valid, and BadRoute where it is a promise. */
export function rewritten (request: FastifyRequest, route: Route, headers: RawHeaders, rewrite: RewriteRequest, settings: Settings): { origin: Origin, path: string, method: string, headers: RawHeaders } {
  const { method = 'GET', url = '/', rawHeaders } = request.raw
  const before = route.origin.name + route.path
  const out = { method, url: before, headers: listed(headers) }
  if (isPromise(rewrite(request, { in: { method, url, headers: listed(rawHeaders) }, out }))) {
    request.log.error('upstream-proxy: `rewriteRequest` must not give a promise, nobody waits for it')
    throw new ERRORS.BadRoute()
  }
  const { origin, path } = out.url === before ? route : settings.origins.target(out.url)
  const changed = framed(out.headers, headers)
  const valid = out.headers.every(([name, value]) => isHeader(name, String(value)))
  if (!TOKEN.test(out.method) || !isPath(path) || !valid) throw new ERRORS.BadTarget()
  // Another origin has another Host, unless it was set.
  if (origin !== route.origin && changed[0] === 'Host' && changed[1] === route.origin.host) changed[1] = origin.host
  soleHost(changed)
  return { origin, path, method: out.method, headers: changed }
}

function isBodyUsual (method: string): boolean {
  return method === 'POST' || method === 'PUT' || method === 'PATCH'
}

/** Whether there is a body, and how its length is known. Throws BadTarget where two things are said about it. */
function bodyOf (request: FastifyRequest): BodyKind {
  const { headers } = request.raw
  const length = headers['content-length']
  if (request.raw.httpVersionMajor === 2) {
    if ((request.raw as unknown as Http2ServerRequest).stream.endAfterHeaders) return 'none'
    return length === undefined ? 'chunked' : 'sized'
  }
  const transfer = headers['transfer-encoding']
  if (transfer !== undefined) {
    // Node's parser refuses these, unless it was told to be lenient; what we send must be unambiguous either way.
    if (length !== undefined || transfer.toLowerCase() !== 'chunked' || request.raw.httpVersion === '1.0') throw new ERRORS.BadTarget()
    return 'chunked'
  }
  if (length === undefined || length === '0') return 'none'
  if (!/^\d+$/.test(length)) throw new ERRORS.BadTarget()
  return 'sized'
}
