// Which headers does the client get? The upstream's end-to-end ones, and those that other plugins set on the reply.
import type { OutgoingHttpHeaders } from 'node:http'
import type { FastifyReply } from 'fastify'
import type { RawHeaders } from '../request-headers.ts'
import type { AnswerHead } from './answer-head.ts'

/** The answer's headers, with those set by `reply.header()` in place of the upstream's of the same name. */
export function clientHeaders (head: AnswerHead, reply: FastifyReply): RawHeaders {
  const own = reply.getHeaders()
  for (const name in own) {
    const value = own[name]
    if (value === undefined) continue
    drop(head.headers, name)
    for (const one of Array.isArray(value) ? value : [value]) head.headers.push(name, String(one))
  }
  return head.headers
}

function drop (headers: RawHeaders, name: string): void {
  for (let i = headers.length - 2; i >= 0; i -= 2) {
    if ((headers[i] as string).toLowerCase() === name) headers.splice(i, 2)
  }
}

/** As HTTP/2 wants them: lower-case, several of a name in one array. */
export function http2Headers (headers: RawHeaders): OutgoingHttpHeaders {
  const out: Record<string, string | string[]> = {}
  for (let i = 0; i < headers.length; i += 2) {
    const name = (headers[i] as string).toLowerCase()
    const value = headers[i + 1] as string
    const known = out[name]
    if (known === undefined) out[name] = value
    else if (Array.isArray(known)) known.push(value)
    else out[name] = [known, value]
  }
  return out
}
