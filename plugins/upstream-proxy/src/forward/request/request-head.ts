// Which head is sent to the upstream for a request?
import type { Http2ServerRequest } from 'node:http2'
import type { Readable } from 'node:stream'
import type { AttemptHeaders } from '@fastify-arr/facts'
import type { FastifyRequest } from 'fastify'
import { ERRORS } from '../../errors.ts'
import { withoutReplaced } from '../../headers/attempt-headers.ts'
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
import { type BodyKind, givenLength, sourceOf } from './body-source.ts'
import { awaitsContinue } from './continue.ts'

/** What follows a head. */
export interface Content {
  readonly body: BodyKind
  /** The stream from which the body is read; null where there is none. */
  readonly source: Readable | null
}

/** A serialized request head. It can be sent several times. */
export interface RequestHead extends Content {
  readonly origin: Origin
  readonly method: string
  /** The Host that is sent. */
  readonly host: string
  readonly paths: Places['paths']
  /** From the request line to the empty line, but for what each attempt has of its own. */
  readonly text: string
  readonly own: AttemptHeaders | null
  /** Tells which trailers are forwarded. */
  readonly names: HeaderNames
}

const TRAILERS = /(?:^|[,\s])trailers(?:[,;\s]|$)/i

/** Builds the head; that of another attempt has `before`, whose body it sends. Throws BadTarget where it would not be valid HTTP, and BodyTaken where a hook has read the body and provided no other. */
export function requestHead (request: FastifyRequest, route: Route, settings: Settings, logId: string, before: Content | null = null): RequestHead {
  const given = givenLength(request)
  let body = given === null ? bodyOf(request) : given === 0 ? 'none' : 'sized'
  let { origin, path } = route
  let method = request.raw.method ?? request.method
  let headers = upstreamHeaders(request, origin, settings.headers, logId, route.changes, route.host)
  // Trailers are forwarded, so a client's TE: trailers is sent too (RFC 9110 §10.1.4).
  const { te } = request.raw.headers
  if (te !== undefined && TRAILERS.test(String(te))) headers.push('TE', 'trailers')
  const { rewriteRequest, attemptHeaders } = settings.forward
  if (rewriteRequest !== null) ({ origin, path, method, headers } = rewritten(request, route, headers, rewriteRequest, settings))
  const own = withoutReplaced(headers, attemptHeaders(request))
  // Last, because it pauses the body until the proxy reads it. For another attempt that has happened already.
  const source = before !== null ? before.source : body === 'none' ? null : sourceOf(request)
  if (given !== null) {
    without(headers, 'content-length')
    if (given > 0 || isBodyUsual(method)) headers.push('Content-Length', String(given))
  } else if (source !== null && source !== request.raw) {
    body = 'chunked' // the length of the hook's stream is not known
    without(headers, 'content-length')
  }

  let text = `${method} ${path} HTTP/1.1\r\n`
  for (let i = 0; i < headers.length; i += 2) text += `${headers[i] as string}: ${headers[i + 1] as string}\r\n`
  if (body === 'chunked') text += 'Transfer-Encoding: chunked\r\n'
  // In HTTP/2, END_STREAM says that there is no body. In HTTP/1.1, a method that usually has one needs Content-Length: 0 (RFC 9110 §8.6).
  else if (body === 'none' && given === null && request.raw.httpVersionMajor === 2 && isBodyUsual(method) && request.headers['content-length'] === undefined) text += 'Content-Length: 0\r\n'
  if (awaitsContinue(request.raw) && body !== 'none' && given === null) text += 'Expect: 100-continue\r\n'
  return { origin, method, host: headers[0] === 'Host' ? headers[1] as string : soleHost(headers), paths: route.paths, body, source, names: settings.headers.names, text: `${text}\r\n`, own }
}

/** What a request carries, before it is known which head goes before it. Throws as `requestHead` does. */
export function contentOf (request: FastifyRequest): Content {
  const given = givenLength(request)
  const body = given === null ? bodyOf(request) : given === 0 ? 'none' : 'sized'
  const source = body === 'none' ? null : sourceOf(request)
  return { body: given === null && source !== null && source !== request.raw ? 'chunked' : body, source }
}

/** Calls the user's `rewriteRequest`. Throws BadTarget where the result is not valid, and BadRoute where it returned a promise. */
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
  // A changed origin also changes Host, unless `rewriteRequest` has set that.
  if (origin !== route.origin && changed[0] === 'Host' && changed[1] === route.origin.host) changed[1] = origin.host
  soleHost(changed)
  return { origin, path, method: out.method, headers: changed }
}

function isBodyUsual (method: string): boolean {
  return method === 'POST' || method === 'PUT' || method === 'PATCH'
}

/** Whether there is a body, and how its length is given. Throws BadTarget where that is ambiguous. */
function bodyOf (request: FastifyRequest): BodyKind {
  const { headers } = request.raw
  const length = headers['content-length']
  if (request.raw.httpVersionMajor === 2) {
    if ((request.raw as unknown as Http2ServerRequest).stream.endAfterHeaders) return 'none'
    return length === undefined ? 'chunked' : 'sized'
  }
  const transfer = headers['transfer-encoding']
  if (transfer !== undefined) {
    // Node's parser refuses these, unless `insecureHTTPParser` is set. The forwarded request must be unambiguous in any case.
    if (length !== undefined || transfer.toLowerCase() !== 'chunked' || request.raw.httpVersion === '1.0') throw new ERRORS.BadTarget()
    return 'chunked'
  }
  if (length === undefined || length === '0') return 'none'
  if (!/^\d+$/.test(length)) throw new ERRORS.BadTarget()
  return 'sized'
}
