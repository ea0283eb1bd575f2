// What may a user's function change in a forwarded message? The options `rewriteRequest` and `rewriteResponse`.
import type { Duplex } from 'node:stream'
import type { FastifyRequest } from 'fastify'
import { HOP_BY_HOP } from '../../headers/hop-by-hop.ts'
import { isHeader, type RawHeaders, without } from '../../headers/raw-headers.ts'
import { isPromise } from '../../options/promise.ts'
import type { AnswerHead } from './answer-head.ts'

/** Header names and values, in order; a name may occur several times. */
export type HeaderList = Array<[name: string, value: string]>

/** A request as one side of the proxy sees it. */
export interface RewritableRequest {
  method: string
  /** In `in`: the target as the client sent it. In `out`: the absolute URL that is requested from the upstream. */
  url: string
  /** End-to-end headers. Changes to those that frame the message are undone. */
  headers: HeaderList
}

/** Changes `out`; `in` is the request as it arrived. Runs after the hop-by-hop headers are removed and the proxy's are added. */
export type RewriteRequest = (request: FastifyRequest, sides: { readonly in: Readonly<RewritableRequest>, readonly out: RewritableRequest }) => void

/** The result of `rewriteResponse`; what is omitted stays unchanged. */
export interface RewrittenResponse {
  status?: number
  headers?: HeaderList
  /** A stream through which the body is piped; Content-Length is then omitted. */
  body?: Duplex
}

/** Changes an answer. Runs after the hop-by-hop headers are removed and the reverse rewrite is done. */
export type RewriteResponse = (request: FastifyRequest, answer: { status: number, headers: HeaderList }) => RewrittenResponse | undefined

/** The answer for the client. */
export interface ClientAnswer {
  readonly status: number
  /** Where it is undefined, Node's reason phrase for the status is sent. */
  readonly reason: string | undefined
  readonly headers: RawHeaders
  readonly body: Duplex | null
}

const FRAMING: ReadonlySet<string> = new Set([...HOP_BY_HOP, 'content-length'])

/** The answer after `rewriteResponse`. The framing headers stay the proxy's, whatever the function returns for them. */
export function rewriteAnswer (request: FastifyRequest, head: AnswerHead, rewrite: RewriteResponse): ClientAnswer {
  const change = rewrite(request, { status: head.status, headers: listed(head.headers) })
  if (isPromise(change)) throw new TypeError('rewriteResponse: it must not give a promise, nobody waits for it')
  if (change === undefined) return { status: head.status, reason: head.reason, headers: head.headers, body: null }
  try {
    return changed(head, change)
  } catch (error) {
    change.body?.destroy()
    throw error
  }
}

function changed (head: AnswerHead, change: RewrittenResponse): ClientAnswer {
  const status = change.status ?? head.status
  // A status that cannot be sent, or an interim one, would cut the body or leave the answer open.
  if (!Number.isInteger(status) || status < 200 || status > 999) throw new RangeError(`rewriteResponse: ${status} is no status of an answer`)
  if (change.body?.destroyed === true) throw new TypeError('rewriteResponse: the stream given for the body is destroyed')
  for (const [name, value] of change.headers ?? []) {
    if (!isHeader(name, String(value))) throw new TypeError(`rewriteResponse: the header ${name} cannot be sent`)
  }
  const headers = change.headers === undefined ? head.headers : framed(change.headers, head.headers)
  const bodiless = head.framing === 'none' || status === 204 || status === 304
  // The stream may hold a resource, such as an open file.
  if (bodiless) change.body?.destroy()
  const body = bodiless ? null : change.body ?? null
  if (body !== null || (bodiless && status !== head.status)) without(headers, 'content-length')
  return { status, reason: status === head.status ? head.reason : undefined, headers, body }
}

export function listed (headers: RawHeaders): HeaderList {
  const list: HeaderList = []
  for (let i = 0; i < headers.length; i += 2) list.push([headers[i] as string, headers[i + 1] as string])
  return list
}

/** The changed headers, with the original's framing headers instead of their own. */
export function framed (changed: HeaderList, original: RawHeaders): RawHeaders {
  const out: RawHeaders = []
  for (const [name, value] of changed) {
    if (!FRAMING.has(name.toLowerCase())) out.push(name, String(value))
  }
  for (let i = 0; i < original.length; i += 2) {
    const name = (original[i] as string).toLowerCase()
    if (FRAMING.has(name)) out.push(original[i] as string, original[i + 1] as string)
  }
  return out
}
