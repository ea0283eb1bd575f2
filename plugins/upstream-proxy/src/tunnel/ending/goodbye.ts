// What does the Close frame say with which the proxy ends a tunnel, and which options say so?
import { checkKeys } from '../../options/known-keys.ts'
import { isTime, MAX_TIME } from '../../options/time-limit.ts'
import { isSendable, MAX_REASON } from '../frames/close-frame.ts'

/** Code and reason of a Close frame. */
export interface Goodbye {
  /** One that an endpoint may send (RFC 6455 §7.4): 1000 to 1003, 1007 to 1014 or 3000 to 4999. */
  code?: number
  /** At most 123 bytes. Defaults to none. */
  reason?: string
}

/** A time limit and what is said where a tunnel reaches it. */
export interface TimedGoodbye extends Goodbye {
  /** The limit, in ms; 0 for none. */
  after: number
}

/** Compiles the code and the reason in a group of options; their mistakes are added to `mistakes`. */
export function compileGoodbye (name: string, given: Goodbye, code: number, mistakes: string[]): Required<Goodbye> {
  const goodbye = { code: given.code ?? code, reason: given.reason ?? '' }
  if (!isSendable(goodbye.code)) mistakes.push(`\`${name}.code\` must be a close code that may be sent: 1000 to 1003, 1007 to 1014 or 3000 to 4999`)
  const reason: unknown = goodbye.reason
  if (typeof reason !== 'string' || Buffer.byteLength(reason) > MAX_REASON) mistakes.push(`\`${name}.reason\` must be a text of at most 123 bytes`)
  return goodbye
}

/** Compiles a time limit that may be a number alone, which stands for 1001, going away (RFC 6455 §7.4.1). */
export function compileTimed (name: string, given: number | TimedGoodbye | undefined, mistakes: string[]): Required<TimedGoodbye> {
  const limit: unknown = given
  if (typeof limit !== 'object' || limit === null) {
    if (limit !== undefined && !isTime(limit)) mistakes.push(`\`${name}\` must be a number from 0 to ${MAX_TIME}, or an object`)
    return { after: (limit ?? 0) as number, code: 1001, reason: '' }
  }
  checkKeys(name, limit, ['after', 'code', 'reason'], mistakes)
  const { after, ...goodbye } = limit as TimedGoodbye
  if (!isTime(after)) mistakes.push(`\`${name}.after\` must be a number from 0 to ${MAX_TIME}`)
  return { after, ...compileGoodbye(name, goodbye, 1001, mistakes) }
}
