// What does a line in the NCSA format hold, common or combined?
import type { Line } from '../columns.ts'

const MONTHS: Readonly<Record<string, number>> = { Jan: 0, Feb: 1, Mar: 2, Apr: 3, May: 4, Jun: 5, Jul: 6, Aug: 7, Sep: 8, Oct: 9, Nov: 10, Dec: 11 }
// Each part ends at a character that it cannot hold: no backtracking.
const LINE = /^(\S+) \S+ (\S+) \[(\d{2})\/(\w{3})\/(\d{4}):(\d{2}):(\d{2}):(\d{2}) ([+-])(\d{2})(\d{2})\] "((?:[^"\\]|\\.)*)" (\d{3}) (\d+|-)(?: "((?:[^"\\]|\\.)*)" "((?:[^"\\]|\\.)*)")?/

/** The exchange of a line; null where it is none. */
export function readNcsa (text: string): Line | null {
  const found = LINE.exec(text)
  if (found === null) return null
  const [, client, user, day, month, year, hours, minutes, seconds, sign, zoneHours, zoneMinutes, request = '', status, bytes, referer, agent] = found
  const offset = (Number(zoneHours) * 60 + Number(zoneMinutes)) * (sign === '-' ? -1 : 1)
  const endedAt = Date.UTC(Number(year), MONTHS[month as string] ?? NaN, Number(day), Number(hours), Number(minutes), Number(seconds)) - offset * 60_000
  if (Number.isNaN(endedAt)) return null
  const [method = '', target = '', version] = plain(request).split(' ')
  const mark = target.indexOf('?')
  return {
    endedAt,
    status: Number(status),
    clientIp: some(client),
    username: some(user),
    method,
    path: mark === -1 ? target : target.slice(0, mark),
    query: mark === -1 ? null : target.slice(mark + 1),
    ...version !== undefined && { version },
    bytesSent: bytes === '-' ? null : Number(bytes),
    ...referer !== undefined && { referer: some(plain(referer)) },
    ...agent !== undefined && { userAgent: some(plain(agent)) },
    ...Number(status) === 101 && { websocket: {} }
  }
}

function some (value: string | undefined): string | null {
  return value === undefined || value === '-' || value === '' ? null : value
}

/** A text in quotes without its escapes. */
function plain (quoted: string): string {
  return quoted.replace(/\\(?:x([\da-f]{2})|u([\da-f]{4})|(.))/gi, (_, two?: string, four?: string, one?: string) => one ?? String.fromCharCode(parseInt(two ?? four ?? '', 16)))
}
