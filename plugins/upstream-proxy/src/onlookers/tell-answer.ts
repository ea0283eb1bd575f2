// What are onlookers told about the answer that a client gets? Its head, with what hooks have set, as it leaves.
import { channel } from 'node:diagnostics_channel'
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { Http2ServerResponse } from 'node:http2'
import { CHANNELS, type AnswerSent } from '@fastify-arr/facts'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { cutFields } from '../headers/header-lines.ts'
import type { RawHeaders } from '../headers/raw-headers.ts'

const SENT = channel(CHANNELS.answerSent)
const WAITS = Symbol('the head of this answer is told when it leaves')

type Response = (ServerResponse | Http2ServerResponse) & { [WAITS]?: boolean }

/** Node has this method; its types have it for requests only. */
type Named = ServerResponse & { getRawHeaderNames (): string[] }

/** The head was given to Node: `headers` are those that `writeHead` got. */
export function answerSent ({ request, raw }: FastifyReply, headers: RawHeaders): void {
  if (!SENT.hasSubscribers) return
  SENT.publish({ request, status: raw.statusCode, headers: leaving(raw, headers) } satisfies AnswerSent)
}

/** The head of a 101 was written: `head` is its text. */
export function switchSent (request: FastifyRequest, head: string): void {
  if (!SENT.hasSubscribers) return
  const start = head.indexOf('\r\n') + 2
  SENT.publish({ request, status: 101, headers: cutFields(head.slice(start, -2)) } satisfies AnswerSent)
}

/** The head that opens a WebSocket over HTTP/2 was sent. */
export function streamOpened (request: FastifyRequest, headers: OutgoingHttpHeaders): void {
  if (!SENT.hasSubscribers) return
  SENT.publish({ request, status: Number(headers[':status']), headers: flattened(Object.entries(headers)) } satisfies AnswerSent)
}

/** Fastify sends the answer, after its hooks: its head is told when it leaves. */
export function answerLeaves ({ request, raw }: FastifyReply): void {
  if (!SENT.hasSubscribers) return
  const response: Response = raw
  if (response[WAITS] === undefined) {
    const write = response.writeHead as (this: Response, ...given: unknown[]) => Response
    // Node itself calls it as well, for a head that leaves with the body's first bytes.
    ;(response as { writeHead: typeof write }).writeHead = function (...given) {
      const result = write.apply(response, given)
      if (response[WAITS] === true) {
        response[WAITS] = false
        SENT.publish({ request, status: response.statusCode, headers: leaving(response, listOf(given.at(-1))) } satisfies AnswerSent)
      }
      return result
    }
  }
  response[WAITS] = true
}

/** An error answer takes its place. */
export function answerStays ({ raw }: FastifyReply): void {
  const response: Response = raw
  if (response[WAITS] === true) response[WAITS] = false
}

/** Where the response has headers of its own, Node has added the given ones to them. */
function leaving (response: Response, given: RawHeaders): RawHeaders {
  if ('stream' in response) return flattened(Object.entries(response.getHeaders()))
  if (response.getHeaderNames().length === 0) return [...given]
  return flattened((response as Named).getRawHeaderNames().map(name => [name, response.getHeader(name)]))
}

function listOf (given: unknown): RawHeaders {
  if (Array.isArray(given)) return given.map(String)
  return typeof given === 'object' && given !== null ? flattened(Object.entries(given)) : []
}

function flattened (headers: Array<[name: string, value: unknown]>): RawHeaders {
  const out: RawHeaders = []
  for (const [name, value] of headers) {
    if (name.startsWith(':')) continue
    for (const one of Array.isArray(value) ? value : [value]) out.push(name, String(one))
  }
  return out
}
