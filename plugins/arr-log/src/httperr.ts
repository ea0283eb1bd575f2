// What is told of a request that never reached a site: the lines of HTTP.sys's own error log.
import { escape } from './escape.ts'
import type { Exchange } from './exchange.ts'
import { stampOf } from './stamp.ts'

/** HTTP.sys's words for why (s-reason). */
export type Reason = 'Hostname' | 'BadRequest' | 'Timer_HeaderWait' | 'Timer_EntityBody' | 'Connection_Dropped' | 'ConnLimit' | (string & {})

/** One request or connection that was turned away. What was never read is null. */
export interface Rejected {
  /** ms since the epoch */
  readonly at: number
  readonly clientIp: string | null
  readonly clientPort: number | null
  readonly serverIp: string | null
  readonly serverPort: number | null
  readonly version: string | null
  readonly method: string | null
  /** Path and query as they were sent. */
  readonly uri: string | null
  readonly status: number | null
  readonly siteId: number | null
  readonly reason: Reason
}

/** Whether a value is such a record: in a log, anybody may have written something under its name. */
export function isRejected (value: unknown): value is Rejected {
  const { at, reason } = Object(value) as Partial<Rejected>
  return typeof at === 'number' && !Number.isNaN(new Date(at).getTime()) && typeof reason === 'string'
}

const FIELDS = 'date time c-ip c-port s-ip s-port cs-version cs-method cs-uri sc-status s-siteid s-reason s-queuename'

/** What stands at the top of an httperr file. */
export const HTTPERR = {
  head: (at: number) => `#Software: Microsoft HTTP API 2.0\r\n#Version: 1.0\r\n#Date: ${stampOf(at).both}\r\n#Fields: ${FIELDS}\r\n`
}

/** One line, after "Format of the HTTP Server API Error Logs" (learn.microsoft.com). There are no queues here: `-`. */
export function httperrLine (rejected: Rejected): string {
  const values = [
    rejected.clientIp, rejected.clientPort, rejected.serverIp, rejected.serverPort, rejected.version, rejected.method,
    rejected.uri, rejected.status, rejected.siteId, rejected.reason, null
  ]
  return `${stampOf(rejected.at).both} ${values.map(value => escape(value === null ? null : String(value))).join(' ')}`
}

/** An exchange that was answered without reaching a site. */
export function rejectedOf (exchange: Exchange): Rejected {
  const { endedAt, clientIp, clientPort, serverIp, serverPort, version, method, path, query, status, rejection = 'BadRequest' } = exchange
  const uri = query === null ? path : `${path}?${query}`
  return { at: endedAt, clientIp, clientPort, serverIp, serverPort, version, method, uri, status, siteId: null, reason: rejection }
}
