// Does a failure lead to another attempt?
import type { FarmFailure } from '@fastify-arr/facts'
import type { RetrySettings } from '../compile/settings.ts'

/** Whether `retry.on` means this failure. */
export function isRetried ({ connect, reset, timeout, statuses }: RetrySettings, { code, moment, status }: FarmFailure): boolean {
  if (status !== null) return statuses.has(status)
  // A connection that is not accepted in time has not come about either.
  if (moment === 'connect') return connect
  if (moment === 'body') return false
  return code.endsWith('TIMEOUT') ? timeout : reset
}
