// Which status and reason does Fastify's reply have? The upstream's, until a hook changes them.
import { STATUS_CODES, type ServerResponse } from 'node:http'
import type { ClientAnswer } from '../answer/rewrites.ts'

/** Sets the status, which may be one that `reply.code()` does not take, and the reason for as long as the status stays. */
export function setStatus (response: ServerResponse, { status, reason }: ClientAnswer): void {
  response.statusCode = status
  if (reason === undefined || reason === STATUS_CODES[status] || 'stream' in response) return
  let changed: string | undefined
  Object.defineProperty(response, 'statusMessage', {
    get: () => changed ?? (response.statusCode === status ? reason : undefined),
    // Node puts its own reason in place of an empty one.
    set: (value: string) => { if (reason !== '' || response.statusCode !== status) changed = value },
    configurable: true,
    enumerable: true
  })
}
