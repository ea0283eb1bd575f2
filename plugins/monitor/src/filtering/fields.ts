// What can a filter ask a row? The names that stand before a colon, and what each of them compares.
import { codes, durations } from './numbers.ts'
import { thisWorker } from './this-worker.ts'

/** A row of any list: values by their names. */
export type Row = Readonly<Record<string, unknown>>
export type RowTest = (row: Row) => boolean

/** Compiles what stands behind the colon; empty asks whether there is a value. */
type Field = (value: string) => RowTest

const contains = (key: string): Field => value => {
  const part = value.toLowerCase()
  return part === '' ? isThere(key) : row => lower(row[key]).includes(part)
}

/** Addresses and methods are meant by their beginning: `client:10.` is no 192.0.2.10. */
const begins = (key: string): Field => value => {
  const part = value.toLowerCase()
  return part === '' ? isThere(key) : row => lower(row[key]).startsWith(part)
}

const isThere = (key: string): RowTest => row => row[key] !== null && row[key] !== undefined && row[key] !== ''

const number = (key: string, compile: typeof codes): Field => value => {
  if (value === '') return isThere(key)
  if (value.toLowerCase() === 'none') return row => row[key] === null
  const test = compile(value)
  return row => typeof row[key] === 'number' && test(row[key])
}

/** A WebSocket that is closed may have no code; one that is open has no end. */
const close: Field = value => {
  if (value === '') return row => row.webSocket === 'closed'
  if (value.toLowerCase() === 'none') return row => row.webSocket === 'closed' && row.closeCode === null
  return number('closeCode', codes)(value)
}

/** A row of the list of WebSockets has no such value: all of them are open. */
const webSocket: Field = value => {
  const part = value.toLowerCase()
  return row => row.webSocket === undefined ? 'open'.startsWith(part) : row.webSocket !== null && lower(row.webSocket).startsWith(part)
}

const age: Field = value => {
  const test = durations(value)
  return row => typeof row.since === 'number' && test(Date.now() - row.since)
}

/** By its number or its process id. Each process is asked about its own rows. */
const worker: Field = value => {
  const is = value === '' ? thisWorker.number !== null : value.split(',').some(one => one !== '' && (one === String(thisWorker.number) || one === String(thisWorker.pid)))
  return () => is
}

/** By the names that are typed. */
export const FIELDS: Readonly<Record<string, Field>> = {
  host: contains('host'),
  path: contains('path'),
  method: begins('method'),
  status: number('status', codes),
  client: begins('client'),
  site: contains('site'),
  rule: contains('rule'),
  rejection: contains('rejection'),
  upstream: contains('upstream'),
  farm: contains('farm'),
  server: contains('server'),
  error: contains('error'),
  time: number('time', durations),
  ua: contains('userAgent'),
  close,
  ws: webSocket,
  tunnel: contains('tunnel'),
  id: contains('id'),
  protocol: begins('protocol'),
  subprotocol: contains('subprotocol'),
  extensions: contains('extensions'),
  key: contains('key'),
  silence: number('silence', durations),
  age,
  worker
}

const TEXTS = ['host', 'path', 'client', 'method', 'site', 'rule', 'rejection', 'upstream', 'farm', 'server', 'error', 'userAgent', 'tunnel', 'id', 'subprotocol', 'extensions', 'key'] as const

/** Where a plain word is looked for: everywhere; in numbers only as a whole. */
export function anywhere (value: string): RowTest {
  const part = value.toLowerCase()
  const digits = /^\d{3,4}$/.test(part) ? Number(part) : NaN
  return row => {
    for (const key of TEXTS) if (lower(row[key]).includes(part)) return true
    return row.status === digits || row.closeCode === digits
  }
}

function lower (value: unknown): string {
  return typeof value === 'string' ? value.toLowerCase() : ''
}
