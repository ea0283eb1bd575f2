// Is an answer one that nobody has written? The text that Fastify, or a plugin of this family, gives for an error that nothing handles.
import { STATUS_CODES } from 'node:http'
import type { RequestFacts } from '@fastify-arr/facts'
import type { FastifyReply, FastifyRequest } from 'fastify'

/** By it upstream-proxy says that the page is its own: the value is the status. */
const PAGE_OF_PROXY = Symbol.for('fastify-arr.stock-page')
const GIVEN = Symbol('the status with which a handler gave an object')
/** Fastify's own answers are not longer, except for a URL. */
const LONGEST = 65_536
const KEYS: ReadonlySet<string> = new Set(['statusCode', 'code', 'error', 'message'])

type Noted = FastifyRequest & RequestFacts & { [GIVEN]?: number, readonly [PAGE_OF_PROXY]?: number }

/** To be called where a handler gives an object as the answer: an error handler's object may look like Fastify's own text. */
export function noteObject (request: FastifyRequest, reply: FastifyReply, payload: unknown): void {
  if (reply.statusCode >= 400 && !isNotFound(request, payload)) (request as Noted)[GIVEN] = reply.statusCode
}

/** Whether nobody has written this answer. */
export function isMadeHere (request: FastifyRequest, reply: FastifyReply, payload: unknown): boolean {
  const status = reply.statusCode
  const { [GIVEN]: given, [PAGE_OF_PROXY]: page, rewrite } = request as Noted
  if (typeof payload !== 'string' || given === status) return false
  return page === status || typeof rewrite?.subStatusCode === 'number' || isStock(payload, status)
}

/** Fastify's text for an error: its status, its name, its message and perhaps its code. */
function isStock (text: string, status: number): boolean {
  if (!text.startsWith('{') || text.length > LONGEST) return false
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return false
  }
  const { statusCode, error, message } = value as Readonly<Record<string, unknown>>
  return statusCode === status && (error === undefined || error === STATUS_CODES[status]) && typeof message === 'string' && Object.keys(value as object).every(key => KEYS.has(key))
}

/** The object that Fastify gives where no route is found, and no handler for that is set. */
function isNotFound ({ raw }: FastifyRequest, payload: unknown): boolean {
  // A route may answer `null`, which has nothing to be taken apart.
  const { message, statusCode } = Object(payload) as Readonly<Record<string, unknown>>
  return statusCode === 404 && message === `Route ${raw.method ?? ''}:${raw.url ?? ''} not found`
}
