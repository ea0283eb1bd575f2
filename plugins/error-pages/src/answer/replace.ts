// How does a page take the place of an answer? Its headers about the content go, and what was to be sent is let go of.
import { validateHeaderName, validateHeaderValue } from 'node:http'
import type { RequestFacts } from '@fastify-arr/facts'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Page } from '../pages/pages.ts'

/** Headers that are about the content (RFC 9110 §8, RFC 9530), about a part of it, or about how long it may be kept. Cookies and the like stay. */
const OF_CONTENT = [
  'content-type', 'content-length', 'content-encoding', 'content-language', 'content-location', 'content-range', 'content-disposition', 'content-md5',
  'content-digest', 'repr-digest', 'digest', 'transfer-encoding', 'trailer', 'etag', 'last-modified', 'accept-ranges', 'cache-control', 'expires', 'age', 'pragma'
]

/** Headers that HTTP/2 does not have (RFC 9113 §8.2.2). */
const OF_CONNECTION: ReadonlySet<string> = new Set(['connection', 'keep-alive', 'proxy-connection', 'upgrade', 'http2-settings'])

/** Puts a page in the place of an answer with this status, and returns what is to be sent. */
export function replaceBy (page: Page, status: number, request: FastifyRequest & RequestFacts, reply: FastifyReply, payload: unknown): Buffer | null {
  letGo(payload)
  for (const name of OF_CONTENT) {
    reply.removeHeader(name)
    reply.raw.removeHeader(name)
  }
  dropUnsendable(request, reply)
  reply.header('cache-control', 'no-store')
  // The reason phrase is an upstream's, or not that of a redirect; a rule's own is kept, as in IIS.
  if (request.raw.httpVersionMajor === 1 && ('redirect' in page || typeof request.rewrite?.subStatusCode !== 'number')) reply.raw.statusMessage = ''
  if ('redirect' in page) {
    reply.code(302).header('location', page.redirect)
    return null
  }
  reply.code(status).header('content-type', page.type)
  if (request.raw.method !== 'HEAD') return page.body
  reply.header('content-length', String(page.body.length))
  return null
}

/** Drops headers that Node would refuse: they may be what has failed, and the page is to be sent. */
function dropUnsendable (request: FastifyRequest, reply: FastifyReply): void {
  const headers = reply.getHeaders()
  for (const name in headers) {
    if (!isSendable(name, headers[name]) || (request.raw.httpVersionMajor === 2 && OF_CONNECTION.has(name.toLowerCase()))) reply.removeHeader(name)
  }
}

function isSendable (name: string, value: unknown): boolean {
  try {
    validateHeaderName(name)
    for (const one of [value].flat()) validateHeaderValue(name, one as string)
    return true
  } catch {
    return false
  }
}

/** Ends a stream that nobody will read: a file of it would stay open. */
function letGo (payload: unknown): void {
  if (typeof payload !== 'object' || payload === null) return
  if ('destroy' in payload && typeof payload.destroy === 'function') {
    if ('on' in payload && typeof payload.on === 'function') payload.on('error', noop)
    payload.destroy()
    return
  }
  const body = 'body' in payload ? payload.body : payload
  if (body instanceof ReadableStream && !body.locked) body.cancel().catch(noop)
}

function noop (): void {}
