// Which limit did the proxy end a WebSocket for, in words?
import { escape } from '../../format/escape.ts'

const WORDS: Readonly<Record<string, string>> = {
  idle: 'nothing passed for too long (idle limit)',
  age: 'it was open for too long (age limit)',
  until: 'its permission expired (until)',
  ping: 'a ping was not answered in time (ping limit)',
  halfClose: 'one side had ended, the other did not follow (half-close limit)',
  send: 'a side did not read what was sent (send limit)',
  messageSize: 'a message was too large (message size limit)',
  messageRate: 'too many messages came (message rate limit)',
  byteRate: 'too many bytes came (byte rate limit)'
}
const TIME_LIMIT = 121

/** Null where it reached none. A line without the column shows a time limit by its number. */
export function limitWords (limit: string | null | undefined, status: number, win32Status: number | null | undefined): string | null {
  if (limit === undefined || limit === null) return status === 101 && win32Status === TIME_LIMIT ? 'the proxy ended it: a time limit' : null
  return `the proxy ended it: ${Object.hasOwn(WORDS, limit) ? WORDS[limit] as string : escape(limit)}`
}
