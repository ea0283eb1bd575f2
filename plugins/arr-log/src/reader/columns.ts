// What does a line of a W3C file hold, whichever program wrote it and whichever columns it has?
import type { Exchange, ExchangeUpstream, ExchangeWebSocket } from '../exchange/exchange.ts'
import { FIELDS } from '../format/fields.ts'
import type { ShownExchange } from './readable.ts'

type Mutable<T> = { -readonly [K in keyof T]: T[K] }
type Exchanged = Mutable<Partial<Exchange>>
type Socketed = Mutable<Partial<ExchangeWebSocket>>

/** One line, as the reader passes it on. */
export interface Line extends ShownExchange {
  /** Columns that this package does not know, by their names. */
  readonly custom?: Readonly<Record<string, string | null>>
}

const NUMBERS: Readonly<Record<string, keyof Exchange>> = {
  's-port': 'serverPort', 'sc-substatus': 'substatus', 'sc-win32-status': 'win32Status', 'sc-bytes': 'bytesSent', 'cs-bytes': 'bytesReceived', 'time-taken': 'timeTaken'
}
const TEXTS: Readonly<Record<string, keyof Exchange>> = {
  's-ip': 'serverIp', 'c-ip': 'clientIp', 'cs-method': 'method', 'cs-uri-stem': 'path', 'cs-username': 'username', 'cs-version': 'version', 'cs(User-Agent)': 'userAgent', 'cs(Referer)': 'referer', 'cs-host': 'host', 's-sitename': 'site', 'x-request-id': 'requestId', 'x-rule': 'rule'
}
const SOCKET_NUMBERS: Readonly<Record<string, keyof ExchangeWebSocket>> = {
  'x-ws-handshake-time': 'handshakeTime', 'x-ws-messages-received': 'messagesReceived', 'x-ws-messages-sent': 'messagesSent', 'x-ws-bytes-received': 'bytesReceived', 'x-ws-bytes-sent': 'bytesSent', 'x-ws-close-code': 'closeCode'
}
const SOCKET_TEXTS: Readonly<Record<string, keyof ExchangeWebSocket>> = {
  'x-ws-http': 'http', 'x-ws-subprotocol': 'subprotocol', 'x-ws-extensions': 'extensions', 'x-ws-close-reason': 'closeReason', 'x-ws-closed-by': 'closedBy', 'x-ws-ending': 'ending', 'x-ws-limit': 'limit'
}
// `[query&]X-ARR-CACHE-HIT=0[&SERVER-ROUTED=…]&X-ARR-LOG-ID=…[&SERVER-STATUS=…]`
const ARR_WORDS = /(?:^|&)X-ARR-CACHE-HIT=([01])(?:&SERVER-ROUTED=([^&]*))?&X-ARR-LOG-ID=([^&]*)(?:&SERVER-STATUS=(\d+))?$/

/** Reads a line by its columns' names; null where the number of values differs, or status or time is missing. */
export function readColumns (columns: readonly string[], line: string): Line | null {
  const values = line.split(' ')
  if (values.length !== columns.length) return null
  const told: Exchanged = {}
  const socket: Socketed = {}
  const custom: Record<string, string | null> = {}
  let date = ''
  let time = ''
  for (const [position, column] of columns.entries()) {
    const text = values[position]!
    const value = text === '-' ? null : text
    if (column === 'date') date = text
    else if (column === 'time') time = text
    else if (column === 'cs-uri-query') readQuery(told, value)
    else if (column === 'sc-status') told.status = Number(text)
    else if (Object.hasOwn(NUMBERS, column)) Object.assign(told, { [NUMBERS[column]!]: numberIn(value) })
    else if (Object.hasOwn(TEXTS, column)) Object.assign(told, { [TEXTS[column]!]: value })
    else if (Object.hasOwn(SOCKET_NUMBERS, column)) Object.assign(socket, { [SOCKET_NUMBERS[column]!]: numberIn(value) })
    else if (Object.hasOwn(SOCKET_TEXTS, column)) Object.assign(socket, { [SOCKET_TEXTS[column]!]: value })
    else if (column === 'x-ws-event') {
      if (value === 'open') told.event = 'open'
    } else if (!Object.hasOwn(FIELDS, column)) custom[column] = value
  }
  const status = told.status ?? NaN
  const endedAt = Date.parse(`${date}T${time}Z`)
  if (!Number.isInteger(status) || Number.isNaN(endedAt)) return null
  return {
    ...told,
    endedAt,
    status,
    ...status === 101 ? { websocket: socket } : {},
    ...Object.keys(custom).length > 0 ? { custom } : {}
  }
}

function numberIn (value: string | null): number | null {
  const number = value === null ? NaN : Number(value)
  return Number.isFinite(number) ? number : null
}

/** Whether the properties of a value that are read have an exchange's types: other programs may have written it. */
export function isLine (value: unknown): value is Line {
  const { status, endedAt, websocket = {}, upstream = {} } = Object(value) as Readonly<Record<string, unknown>>
  return Number.isInteger(status) && typeof endedAt === 'number' && !Number.isNaN(new Date(endedAt).getTime()) &&
    hold(value, Object.values(NUMBERS), Number.isFinite) && hold(value, [...Object.values(TEXTS), 'query', 'rejection'], isText) &&
    hold(websocket, Object.values(SOCKET_NUMBERS), Number.isFinite) && hold(websocket, Object.values(SOCKET_TEXTS), isText) &&
    hold(upstream, ['server'], isText)
}

function hold (value: unknown, names: readonly string[], is: (one: unknown) => boolean): boolean {
  if (typeof value !== 'object' || value === null) return false
  return names.every(name => {
    const one = (value as Readonly<Record<string, unknown>>)[name]
    return one === undefined || one === null || is(one)
  })
}

function isText (value: unknown): boolean {
  return typeof value === 'string'
}

function readQuery (told: Exchanged, value: string | null): void {
  const words = value === null ? null : ARR_WORDS.exec(value)
  if (value === null || words === null) {
    told.query = value
    return
  }
  const [, hit, routed, logId, status] = words
  told.query = words.index === 0 ? null : value.slice(0, words.index)
  const upstream: Partial<ExchangeUpstream> = { cacheHit: hit === '1', routed: routed ?? null, logId: logId ?? null, status: status === undefined ? null : Number(status) }
  told.upstream = upstream as ExchangeUpstream
}
