// How does an exchange look in the other formats people's tools read: NCSA combined, and JSON lines?
import { decode } from './escape.ts'
import type { Exchange } from './exchange.ts'
import { queryWithArr } from './query.ts'
import type { Format } from './w3c.ts'

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
// eslint-disable-next-line no-control-regex
const QUOTED_UNSAFE = /["\\\x00-\x1f\x7f-\x9f\u2028\u2029]/g
const TOKEN_UNSAFE = /[\s"\\\p{Cc}]/gu

/** NCSA combined, as Apache and nginx write it: local time with its offset, then referer and user agent. */
export const NCSA: Format = {
  head: () => '',
  line (exchange) {
    const query = queryWithArr(exchange)
    const target = query === null ? exchange.path : `${exchange.path}?${query}`
    const user = exchange.username === null ? '-' : exchange.username.replace(TOKEN_UNSAFE, '+')
    return `${exchange.clientIp ?? '-'} - ${user || '-'} [${localTime(exchange.endedAt)}] "${quoted(exchange.method)} ${quoted(target)} ${exchange.version}" ` +
      `${exchange.status} ${exchange.bytesSent ?? '-'} "${quoted(exchange.referer)}" "${quoted(exchange.userAgent)}"`
  }
}

/** One JSON object per line: the structured entry itself, its time as ISO 8601. */
export const JSON_LINES: Format = {
  head: () => '',
  line: ({ endedAt, ...exchange }: Exchange) => JSON.stringify({ time: new Date(endedAt).toISOString(), ...exchange })
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
  return decode(value).replace(QUOTED_UNSAFE, character => {
    if (character === '"' || character === '\\') return `\\${character}`
    const code = character.charCodeAt(0).toString(16)
    return code.length > 2 ? `\\u${code}` : `\\x${code.padStart(2, '0')}`
  })
}
