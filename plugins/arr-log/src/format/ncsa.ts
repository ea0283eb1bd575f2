// How is an exchange written in the NCSA combined format?
import { queryWithArr } from './arr-query.ts'
import { decode, escape, printable } from './escape.ts'
import type { Format } from './format.ts'

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const QUOTES = /["\\]/g
const NEEDS_NO_ESCAPE = /^[\x20\x21\x23-\x5b\x5d-\x7e]+$/

/** NCSA combined, as Apache and nginx write it: local time with its offset, then referer and user agent. */
export const NCSA: Format = {
  head: () => '',
  line (exchange) {
    const query = queryWithArr(exchange)
    const target = query === null ? exchange.path : `${exchange.path}?${query}`
    return `${escape(exchange.clientIp)} - ${escape(exchange.username).replace(QUOTES, '+')} [${localTime(exchange.endedAt)}] "${quoted(exchange.method)} ${quoted(target)} ${escape(exchange.version)}" ` +
      `${exchange.status} ${exchange.bytesSent ?? '-'} "${quoted(exchange.referer)}" "${quoted(exchange.userAgent)}"`
  }
}

// `10/Oct/2000:13:55:36 -0700`
function localTime (at: number): string {
  const offset = -new Date(at).getTimezoneOffset()
  const local = new Date(at + offset * 60_000).toISOString()
  const size = Math.abs(offset)
  const zone = `${offset < 0 ? '-' : '+'}${String(Math.floor(size / 60)).padStart(2, '0')}${String(size % 60).padStart(2, '0')}`
  return `${local.slice(8, 10)}/${MONTHS[Number(local.slice(5, 7)) - 1]}/${local.slice(0, 4)}:${local.slice(11, 19)} ${zone}`
}

function quoted (value: string | null): string {
  if (value === null || value === '') return '-'
  if (NEEDS_NO_ESCAPE.test(value)) return value
  return printable(decode(value).replace(QUOTES, '\\$&'), true)
}
