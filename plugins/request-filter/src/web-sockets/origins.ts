// May this page open a WebSocket? `origins`, against cross-site WebSocket hijacking: a handshake is sent with the cookies of its host,
// whichever page asks for it, and no browser asks the host first (RFC 6455 §10.2).
import type { FastifyRequest } from 'fastify'
import type { CompilePart, Refusal } from '../filter/check.ts'
import { compileEntry, type OriginEntry } from './origin-entries.ts'
import { type Origin, parseOrigin } from './origin.ts'
import { readOrigins } from './options.ts'
import { isSameOrigin } from './same-origin.ts'

/** How much of an origin goes into logs. */
const LONGEST_DETAIL = 256

/** Compiles `origins`. */
export const origins: CompilePart = (value, at, mistakes) => {
  if (value === undefined || value === false) return null
  const options = readOrigins(value, at, mistakes)
  if (options === null) return null
  const same = options.allow.includes('same')
  const none = options.allow.includes('null')
  const entries: OriginEntry[] = []
  options.allow.forEach((text, index) => {
    if (text === 'same' || text === 'null') return
    const entry = compileEntry(text)
    if (entry === null) mistakes.push(`\`${options.at}[${index}]\` must be an origin, a host, either with a leading \`*.\`, 'same' or 'null', not ${JSON.stringify(text)}`)
    else entries.push(entry)
  })

  const isAllowed = (origin: Origin, request: FastifyRequest): boolean => {
    return (same && isSameOrigin(origin, request)) || entries.some(allows => allows(origin))
  }

  return ({ request, isWebSocket }) => {
    if (!isWebSocket) return null
    const text = request.raw.headers.origin
    if (text === undefined) return options.missing === 'allow' ? null : refusal('no Origin')
    if (text === 'null') return none ? null : refusal(text)
    const origin = parseOrigin(text)
    return origin !== null && isAllowed(origin, request) ? null : refusal(text)
  }
}

function refusal (found: string): Refusal {
  return { reason: 'origins', statusCode: 403, subStatusCode: 0, detail: found.slice(0, LONGEST_DETAIL).replace(/[^\x20-\x7e]/g, '?') }
}
