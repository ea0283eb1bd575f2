// On which terms does a tunnel open: whose is it, and until when? The functions `websocket.key` and `websocket.until` say so, once, at the handshake.
import type { Upstream } from '@fastify-arr/facts'
import type { FastifyRequest } from 'fastify'
import { describe, ERRORS } from '../../errors.ts'
import { checkKeys } from '../../options/known-keys.ts'
import { isPromise } from '../../options/promise.ts'
import { compileGoodbye, type Goodbye } from '../ending/goodbye.ts'

/** When a tunnel ends: a Date, or ms since the epoch; null for no end. */
export type Until = (request: FastifyRequest) => Date | number | null
/** Whose a tunnel is: a text that is not empty; null for nobody. */
export type KeyOf = (request: FastifyRequest) => string | null

/** The compiled option `until`. */
export interface UntilSettings extends Required<Goodbye> {
  readonly at: Until | null
}

/** What holds for one tunnel. */
export interface Terms {
  readonly key: string | null
  /** ms since the epoch; Infinity for no end. */
  readonly until: number
}

/** The terms of nearly all: most servers have neither function. */
export const NO_TERMS: Terms = { key: null, until: Infinity }

/** Compiles the option `until`. The default code is 3000, Unauthorized (IANA's registry of WebSocket close codes). */
export function compileUntil (name: string, given: Until | (Goodbye & { at: Until }) | undefined, mistakes: string[]): UntilSettings {
  const option: unknown = given
  if (option === undefined) return { at: null, code: 3000, reason: '' }
  if (typeof option === 'function') return { at: option as Until, code: 3000, reason: '' }
  if (typeof option !== 'object' || option === null) {
    mistakes.push(`\`${name}\` must be a function, or an object`)
    return { at: null, code: 3000, reason: '' }
  }
  checkKeys(name, option, ['at', 'code', 'reason'], mistakes)
  const { at, ...goodbye } = option as Goodbye & { at: Until }
  if (typeof at !== 'function') mistakes.push(`\`${name}.at\` must be a function`)
  return { at, ...compileGoodbye(name, goodbye, 3000, mistakes) }
}

/** The terms for this handshake, or the error with which it is refused: BadLimit where a function gives nothing valid, Expired where the end is past. */
export function termsOf (request: FastifyRequest, until: Until | null, key: KeyOf | null): Terms | Error {
  if (until === null && key === null) return NO_TERMS
  const at = until === null ? null : answerOf(request, 'until', until)
  const whose = key === null ? null : answerOf(request, 'key', key)
  const end = at === null ? Infinity : at instanceof Date ? at.getTime() : at
  // What is missing is no end and nobody only where the function says so with null: a property that is misspelt must not open a tunnel for ever.
  if (typeof end !== 'number' || Number.isNaN(end)) return refused(request, 'BadLimit', '`websocket.until` must give a valid Date, a number of milliseconds since the epoch, or null')
  if (whose !== null && (typeof whose !== 'string' || whose === '')) return refused(request, 'BadLimit', '`websocket.key` must give a text that is not empty, or null')
  if (end <= Date.now()) return refused(request, 'Expired')
  return { key: whose, until: end }
}

/** `undefined`, which no function may give, where it threw an error or gave a promise; the log has the error. */
function answerOf (request: FastifyRequest, name: string, ask: (request: FastifyRequest) => unknown): unknown {
  try {
    const answer = ask(request)
    return isPromise(answer) ? undefined : answer
  } catch (error) {
    request.log.error({ err: error }, `upstream-proxy: \`websocket.${name}\` threw an error`)
    return undefined
  }
}

function refused (request: FastifyRequest, name: 'BadLimit' | 'Expired', mistake?: string): Error {
  if (mistake !== undefined) request.log.error(`upstream-proxy: ${mistake}`)
  ;(request.upstream as Upstream).error = describe(name, 'connect', name === 'Expired' ? 'client' : 'proxy')
  return new ERRORS[name]()
}
