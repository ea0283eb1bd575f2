// What may a user's function change about a message on its way? The seams `rewriteRequest` and `rewriteResponse`.
import type { Duplex } from 'node:stream'
import type { FastifyRequest } from 'fastify'
import { HOP_BY_HOP } from '../../headers/hop-by-hop.ts'
import { isHeader, type RawHeaders, without } from '../../headers/raw-headers.ts'
import { isPromise } from '../../options/promise.ts'
import type { AnswerHead } from './answer-head.ts'

/** Header names and values, in order, several of a name where there are several. */
export type HeaderList = Array<[name: string, value: string]>

/** A request as one side of the proxy sees it. */
export interface RewritableRequest {
  method: string
  /** On the way in: the target as the client wrote it. On the way out: the absolute URL that is asked for. */
  url: string
  /** End-to-end headers. Those that frame the message are not to be changed here: what is done to them is undone. */
  headers: HeaderList
}

/** Changes `out`; `in` is what arrived, and stays. Runs after the hop-by-hop headers were removed and the proxy's were added. */
export type RewriteRequest = (request: FastifyRequest, sides: { readonly in: Readonly<RewritableRequest>, readonly out: RewritableRequest }) => void

/** What `rewriteResponse` gives back; what is missing stays as it is. */
export interface RewrittenResponse {
  status?: number
  headers?: HeaderList
  /** The body is passed through it; Content-Length is then left out. */
  body?: Duplex
}

/** Changes an answer, after the hop-by-hop headers were removed and the reverse rewriting was done. */
export type RewriteResponse = (request: FastifyRequest, answer: { status: number, headers: HeaderList }) => RewrittenResponse | undefined

/** What the client gets. */
export interface ClientAnswer {
  readonly status: number
  /** Node's word for the status where it is undefined. */
  readonly reason: string | undefined
  readonly headers: RawHeaders
  readonly body: Duplex | null
}

const FRAMING: ReadonlySet<string> = new Set([...HOP_BY_HOP, 'content-length'])

/** The answer after `rewriteResponse`. The framing stays the proxy's business, whatever the headers say. */
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
  // What the head cannot say truly would cut the body or leave it open.
  if (!Number.isInteger(status) || status < 200 || status > 999) throw new RangeError(`rewriteResponse: ${status} is no status of an answer`)
  if (change.body?.destroyed === true) throw new TypeError('rewriteResponse: the stream given for the body is destroyed')
  for (const [name, value] of change.headers ?? []) {
    if (!isHeader(name, String(value))) throw new TypeError(`rewriteResponse: the header ${name} cannot be sent`)
  }
  const headers = change.headers === undefined ? head.headers : framed(change.headers, head.headers)
  const bodiless = head.framing === 'none' || status === 204 || status === 304
  // It may hold a file open, say.
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

/** The changed headers, with the framing ones of the original in place of their own. */
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
