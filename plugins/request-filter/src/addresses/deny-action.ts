// What does a client get that is refused for its address? What `denyAction` says.
import type { Refusal } from '../filter/check.ts'
import type { DenyAction } from './options.ts'

const STATUS: Readonly<Record<DenyAction, number>> = { AbortRequest: 403, Unauthorized: 401, Forbidden: 403, NotFound: 404 }

/** The status of an action, and whether the connection is cut. */
export function answerOf (action: DenyAction): Pick<Refusal, 'statusCode' | 'abort'> {
  return action === 'AbortRequest' ? { statusCode: STATUS[action], abort: true } : { statusCode: STATUS[action] }
}
