// Which headers does the client get? The upstream's end-to-end ones, turned back to the public host,
// after `rewriteResponse`, and with those that other plugins set on the reply.
import type { OutgoingHttpHeaders } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { RawHeaders } from '../request-headers.ts'
import type { AnswerHead } from './answer-head.ts'
import type { ForwardSettings } from './options.ts'
import type { RequestHead } from './request-head.ts'
import { reverseRewrite } from './reverse-rewrite.ts'
import { type ClientAnswer, rewriteAnswer } from './rewrites.ts'

// Several plugins, and the upstream, may each have something to say here.
const ADDED: ReadonlySet<string> = new Set(['vary', 'set-cookie', 'link'])
const FRAMING: ReadonlySet<string> = new Set(['content-length', 'transfer-encoding', 'connection', 'trailer'])

/** The answer as the client gets it. Throws what `rewriteResponse` throws. */
export function clientAnswer (request: FastifyRequest, reply: FastifyReply, head: AnswerHead, asked: RequestHead, settings: ForwardSettings): ClientAnswer {
  if (head.naming && settings.reverseRewrite) {
    reverseRewrite(head.headers, {
      origin: asked.origin,
      toldHost: asked.host,
      publicProtocol: request.protocol,
      publicHost: request.host,
      paths: asked.paths
    })
  }
  const { status, reason, headers } = head
  const answer = settings.rewriteResponse === null ? { status, reason, headers, body: null } : rewriteAnswer(request, head, settings.rewriteResponse)
  clientHeaders(answer, reply)
  return answer
}

/** Puts the headers set by `reply.header()` in place of the upstream's of the same name. */
export function clientHeaders (answer: { readonly headers: RawHeaders }, reply: FastifyReply): RawHeaders {
  const { headers } = answer
  const own = reply.getHeaders()
  for (const name in own) {
    const value = own[name]
    if (value === undefined || FRAMING.has(name)) continue
    if (!ADDED.has(name)) drop(headers, name)
    for (const one of Array.isArray(value) ? value : [value]) headers.push(name, String(one))
  }
  return headers
}

function drop (headers: RawHeaders, name: string): void {
  for (let i = headers.length - 2; i >= 0; i -= 2) {
    if ((headers[i] as string).toLowerCase() === name) headers.splice(i, 2)
  }
}

/** As HTTP/2 wants them: lower-case, several of a name in one array, none of the connection (RFC 9113 §8.2.2). */
export function http2Headers (headers: RawHeaders): OutgoingHttpHeaders {
  const out: Record<string, string | string[]> = {}
  for (let i = 0; i < headers.length; i += 2) {
    const name = (headers[i] as string).toLowerCase()
    const value = headers[i + 1] as string
    if (name === 'connection') continue
    const known = out[name]
    if (known === undefined) out[name] = value
    else if (Array.isArray(known)) known.push(value)
    else out[name] = [known, value]
  }
  return out
}
