// How is a request that reached no site written? As a line of HTTP.sys's error log.
import type { Exchange } from '../exchange/exchange.ts'
import type { Rejected } from '../observe/rejected.ts'
import { escape } from './escape.ts'
import { stampOf } from './stamp.ts'

const FIELDS = 'date time c-ip c-port s-ip s-port cs-version cs-method cs-uri sc-status s-siteid s-reason s-queuename'

/** The header lines of an httperr file. */
export const HTTPERR = {
  head: (at: number) => `#Software: Microsoft HTTP API 2.0\r\n#Version: 1.0\r\n#Date: ${stampOf(at).both}\r\n#Fields: ${FIELDS}\r\n`
}

/** One line; HTTP.sys writes `HTTP/2.0` where IIS has `HTTP/2`. After "Format of the HTTP Server API Error Logs" (learn.microsoft.com). s-queuename is always `-`: there are no request queues. */
export function httperrLine (rejected: Rejected): string {
  const values = [
    rejected.clientIp, rejected.clientPort, rejected.serverIp, rejected.serverPort, rejected.version === 'HTTP/2' ? 'HTTP/2.0' : rejected.version, rejected.method,
    rejected.uri, rejected.status, rejected.siteId, rejected.reason, null
  ]
  return `${stampOf(rejected.at).both} ${values.map(value => escape(value === null ? null : String(value))).join(' ')}`
}

/** The rejection record of an exchange that was answered without reaching a site. */
export function rejectedOf (exchange: Exchange): Rejected {
  const { endedAt, clientIp, clientPort, serverIp, serverPort, version, method, path, query, status, rejection = 'BadRequest' } = exchange
  const uri = query === null ? path : `${path}?${query}`
  return { at: endedAt, clientIp, clientPort, serverIp, serverPort, version, method, uri, status, siteId: null, reason: rejection }
}
