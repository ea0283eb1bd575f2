// Which headers does the client get? The upstream's end-to-end headers, rewritten to the public host and by
// `rewriteResponse`, and those that other plugins set on the reply.
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { Http2ServerResponse } from 'node:http2'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { HOP_BY_HOP } from '../../headers/hop-by-hop.ts'
import { addOwn, type RawHeaders, without } from '../../headers/raw-headers.ts'
import type { ForwardSettings } from '../options.ts'
import type { RequestHead } from '../request/request-head.ts'
import { type AnswerHead, BadAnswer } from './answer-head.ts'
import { reverseRewrite, rewriteRelative } from './reverse-rewrite.ts'
import { type ClientAnswer, rewriteAnswer } from './rewrites.ts'

// Headers to which several plugins and the upstream may each add values.
const ADDED: ReadonlySet<string> = new Set(['vary', 'set-cookie', 'link'])
const FRAMING: ReadonlySet<string> = new Set(['content-length', 'transfer-encoding', 'connection', 'trailer'])

// Node's HTTP/2 accepts one field line of each of these, and throws at two. For SINGLE the first line counts, as in Node's own
// parsing; for LISTS the lines are joined into one list (RFC 9110 §5.3).
const SINGLE: ReadonlySet<string> = new Set([
  'access-control-allow-credentials', 'access-control-max-age', 'access-control-request-method', 'age', 'authorization',
  'content-length', 'content-location', 'content-md5', 'content-range', 'content-type', 'date', 'dnt', 'etag', 'expires', 'from', 'host',
  'if-modified-since', 'if-range', 'if-unmodified-since', 'last-modified', 'location', 'max-forwards', 'proxy-authorization', 'range',
  'referer', 'retry-after', 'tk', 'upgrade-insecure-requests', 'user-agent', 'x-content-type-options'
])
const LISTS: ReadonlySet<string> = new Set(['content-encoding', 'content-language', 'if-match', 'if-none-match'])

/** Builds the answer for the client; `isUnread`: the request's body was never asked for. Throws what `rewriteResponse` throws, and where a header cannot be sent. */
export function clientAnswer (request: FastifyRequest, reply: FastifyReply, head: AnswerHead, asked: RequestHead, settings: ForwardSettings, isUnread: boolean): ClientAnswer {
  if (head.naming && settings.reverseRewrite) {
    const rewrite = settings.reverseRewrite === 'relative' ? rewriteRelative : reverseRewrite
    rewrite(head.headers, {
      origin: asked.origin,
      toldHost: asked.host,
      publicProtocol: request.protocol,
      publicHost: request.host,
      paths: asked.paths
    })
  }
  const { status, reason, headers } = head
  const answer = settings.rewriteResponse === null ? { status, reason, headers, body: null } : rewriteAnswer(request, head, settings.rewriteResponse)
  // `rewriteRequest` made a HEAD of the request: the answer's Content-Length is that of a body which does not follow, and a GET client would wait for it.
  if (asked.method === 'HEAD' && request.raw.method !== 'HEAD') without(answer.headers, 'content-length')
  // A client that cannot get trailers (RFC 9110 §6.5.1) gets no Trailer header either.
  if (!takesTrailers(request.raw, answer.status)) without(answer.headers, 'trailer')
  try {
    if (request.raw.httpVersionMajor === 2 && answer.status > 599) throw new BadAnswer('HTTP/2 has no such status')
    clientHeaders(answer, reply)
  } catch (error) {
    answer.body?.destroy()
    throw error
  }
  // The client may send its body or omit it, so the next bytes on this connection would be ambiguous.
  if (isUnread) answer.headers.push('Connection', 'close')
  return answer
}

// Node throws where the head announces trailers that it could not send.
function takesTrailers ({ httpVersion, method }: IncomingMessage, status: number): boolean {
  if (httpVersion === '1.1') return method !== 'HEAD' && status !== 204 && status !== 304
  return httpVersion !== '1.0'
}

/** Puts the headers set by `reply.header()` in place of the upstream's of the same name. Throws where one cannot be sent. */
export function clientHeaders (answer: { readonly headers: RawHeaders }, reply: FastifyReply): RawHeaders {
  const { headers } = answer
  const own = reply.getHeaders()
  for (const name in own) {
    const value = own[name]
    if (value === undefined || FRAMING.has(name)) continue
    if (!ADDED.has(name)) without(headers, name)
    addOwn(headers, name, value)
  }
  const { upstream } = reply.request
  if (upstream !== null) upstream.answerHeaders = headers
  return headers
}

/** Gives Node the head of an answer; it leaves with the bytes that follow. */
export function writeHead (response: ServerResponse | Http2ServerResponse, status: number, reason: string | undefined, headers: RawHeaders): void {
  if ('stream' in response) {
    response.writeHead(status, http2Headers(headers))
  } else if (response.getHeaderNames().length === 0) {
    response.writeHead(status, reason, headers)
  } else {
    // Fastify or a hook has set headers on the response itself. With such headers present, `writeHead` of Node 20 keeps only the last one of a name.
    const all = new Map<string, { name: string, values: string[] }>()
    for (let i = 0; i < headers.length; i += 2) {
      const name = headers[i] as string
      const one = all.get(name.toLowerCase()) ?? { name, values: [] }
      one.values.push(headers[i + 1] as string)
      all.set(name.toLowerCase(), one)
    }
    for (const { name, values } of all.values()) response.setHeader(name, values.length === 1 ? values[0] as string : values)
    response.writeHead(status, reason)
  }
}

/** The headers as HTTP/2 needs them: lower-case, several of a name in one array, no connection headers (RFC 9113 §8.2.2). In HTTP/2 `Trailer` belongs to the message. */
export function http2Headers (headers: RawHeaders): OutgoingHttpHeaders {
  // Without a prototype, so that a header named `constructor` is not found before it is set.
  const out = Object.create(null) as Record<string, string | string[]>
  for (let i = 0; i < headers.length; i += 2) {
    const name = (headers[i] as string).toLowerCase()
    const value = headers[i + 1] as string
    if (HOP_BY_HOP.has(name) && name !== 'trailer') continue
    const known = out[name]
    if (known === undefined) out[name] = value
    else if (SINGLE.has(name)) continue
    else if (LISTS.has(name)) out[name] = `${known as string}, ${value}`
    else if (Array.isArray(known)) known.push(value)
    else out[name] = [known, value]
  }
  return out
}
