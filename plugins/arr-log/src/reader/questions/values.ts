// What can exchanges be grouped by, and what is that of a line?
import { ID, idOf } from '../rows/column-ids.ts'
import type { Row } from '../rows/row.ts'

/** Reads a value; null where the line has none. */
export type Value = (row: Row) => string | null

const HOST = idOf('cs-host')
const PATH = idOf('cs-uri-stem')
const URI = idOf('cs-uri')
const SITE = idOf('s-sitename')
const SUBSTATUS = idOf('sc-substatus')
const IDLE_RECEIVED = idOf('x-ws-idle-received')
const IDLE_SENT = idOf('x-ws-idle-sent')

const column = (name: string): Value => {
  const id = idOf(name)
  return row => row.text(id)
}

/** The path; HTTP.sys's lines have it with the query. */
export const path: Value = row => row.text(PATH) ?? row.text(URI)?.replace(/\?.*$/s, '') ?? null

/** The host without its port, in lower case. */
export const host: Value = row => row.text(HOST)?.replace(/:\d*$/, '').toLowerCase() ?? null

/** Values by their names. Hours and days are of the clock that is shown. */
export function namedValues (offsetOf: (at: number) => number): Readonly<Record<string, Value>> {
  const clock = (length: number): Value => row => new Date(row.at + offsetOf(row.at)).toISOString().slice(0, length).replace('T', ' ')
  return {
    agent: column('cs(User-Agent)'),
    client: column('c-ip'),
    close: row => row.text(ID.closeCode) ?? (row.status === 101 && row.text(ID.closedBy) !== null ? 'none' : null),
    day: clock(10),
    ending: column('x-ws-ending'),
    error: column('x-error-code'),
    host,
    hour: clock(13),
    idle: row => {
      // Whoever cuts silent WebSockets sees both directions.
      const silence = Math.min(row.number(IDLE_RECEIVED), row.number(IDLE_SENT))
      return Number.isNaN(silence) ? null : `${Math.round(silence / 1000)} s`
    },
    limit: column('x-ws-limit'),
    method: column('cs-method'),
    path,
    reason: column('s-reason'),
    referer: column('cs(Referer)'),
    rule: column('x-rule'),
    side: column('x-ws-closed-by'),
    site: row => row.text(SITE) ?? row.folder,
    status: row => {
      const substatus = row.number(SUBSTATUS)
      return substatus > 0 ? `${row.status}.${substatus}` : row.status === 0 ? null : String(row.status)
    },
    upstream: column('x-upstream'),
    user: column('cs-username'),
    win32: column('sc-win32-status')
  }
}

/** The columns that a value is read from; those that are not listed are of every line. */
const COLUMNS: Readonly<Record<string, readonly string[]>> = {
  agent: ['cs(User-Agent)'],
  client: ['c-ip'],
  close: ['x-ws-close-code', 'x-ws-closed-by'],
  day: [],
  ending: ['x-ws-ending'],
  error: ['x-error-code'],
  host: ['cs-host'],
  hour: [],
  idle: ['x-ws-idle-received', 'x-ws-idle-sent'],
  limit: ['x-ws-limit'],
  method: ['cs-method'],
  path: ['cs-uri-stem', 'cs-uri'],
  reason: ['s-reason'],
  referer: ['cs(Referer)'],
  rule: ['x-rule'],
  side: ['x-ws-closed-by'],
  site: ['s-sitename'],
  status: [],
  upstream: ['x-upstream'],
  user: ['cs-username'],
  win32: ['sc-win32-status']
}

/** The columns of which a name's value needs one; none where every line has it. */
export function columnsOf (name: string): readonly string[] {
  return Object.hasOwn(COLUMNS, name) ? COLUMNS[name] as readonly string[] : [name]
}

/** The value of a name: one of those above, or the column of that name, such as a custom field. */
export function valueOf (name: string, named: Readonly<Record<string, Value>>): Value {
  return Object.hasOwn(named, name) ? named[name] as Value : column(name)
}

/** Whether a line is a WebSocket, or a request for one that was refused. */
export function isAttempt (row: Row): boolean {
  return row.status === 101 || row.text(ID.attempt) !== null
}
