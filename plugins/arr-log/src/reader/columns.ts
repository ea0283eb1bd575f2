// What does a line of a W3C file hold, whichever program wrote it and whichever columns it has?
import type { Exchange, ExchangeUpstream, ExchangeWebSocket } from '../exchange/exchange.ts'
import { FIELDS } from '../format/fields.ts'
import type { ShownExchange } from './show/readable.ts'

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
  's-ip': 'serverIp', 'c-ip': 'clientIp', 'cs-method': 'method', 'cs-uri-stem': 'path', 'cs-username': 'username', 'cs-version': 'version', 'cs(User-Agent)': 'userAgent', 'cs(Referer)': 'referer', 'cs-host': 'host', 's-sitename': 'site', 'x-request-id': 'requestId', 'x-rule': 'rule', 'x-process': 'process'
}
const SOCKET_NUMBERS: Readonly<Record<string, keyof ExchangeWebSocket>> = {
  'x-ws-handshake-time': 'handshakeTime', 'x-ws-messages-received': 'messagesReceived', 'x-ws-messages-sent': 'messagesSent', 'x-ws-bytes-received': 'bytesReceived', 'x-ws-bytes-sent': 'bytesSent', 'x-ws-idle-received': 'idleReceived', 'x-ws-idle-sent': 'idleSent', 'x-ws-close-code': 'closeCode'
}
const SOCKET_TEXTS: Readonly<Record<string, keyof ExchangeWebSocket>> = {
  'x-ws-http': 'http', 'x-ws-subprotocol': 'subprotocol', 'x-ws-extensions': 'extensions', 'x-ws-close-reason': 'closeReason', 'x-ws-closed-by': 'closedBy', 'x-ws-ending': 'ending', 'x-ws-limit': 'limit'
}
// `[query&]X-ARR-CACHE-HIT=0[&SERVER-ROUTED=…]&X-ARR-LOG-ID=…[&SERVER-STATUS=…]`. Azure's App Service has the log id alone, its Application
// Gateway has names of its own.
const ARR_WORDS = /(?:^|&)(?:X-(?:ARR|AzureApplicationGateway)-CACHE-HIT=([01])&)?(?:SERVER-ROUTED=([^&]*)&)?X-(?:ARR|AzureApplicationGateway)-LOG-ID=([^&]*)(?:&SERVER-STATUS=(\d+))?$/

const UPSTREAM_NUMBERS: Readonly<Record<string, 'connectTime' | 'firstByteTime'>> = { 'x-connect-time': 'connectTime', 'x-first-byte-time': 'firstByteTime' }
const ERROR_TEXTS: Readonly<Record<string, 'code' | 'moment' | 'side'>> = { 'x-error-code': 'code', 'x-error-moment': 'moment', 'x-error-side': 'side' }

/** A line by its columns' names and their values; null for a value that is missing. What has no name of its own is under `custom`. */
export function lineOf (names: readonly string[], values: ReadonlyArray<string | null>, endedAt: number, status: number): Line {
  const told: Exchanged = {}
  const socket: Socketed = {}
  const upstream: Mutable<Partial<ExchangeUpstream>> = {}
  const error: Record<string, string> = {}
  const custom: Record<string, string | null> = {}
  for (const [position, column] of names.entries()) {
    const value = values[position] ?? null
    if (OF_THE_LINE.has(column)) continue
    if (column === 'cs-uri-query') told.query = readQuery(upstream, value)
    else if (Object.hasOwn(NUMBERS, column)) Object.assign(told, { [NUMBERS[column]!]: numberIn(value) })
    else if (Object.hasOwn(TEXTS, column)) Object.assign(told, { [TEXTS[column]!]: value })
    else if (Object.hasOwn(SOCKET_NUMBERS, column)) Object.assign(socket, { [SOCKET_NUMBERS[column]!]: numberIn(value) })
    else if (Object.hasOwn(SOCKET_TEXTS, column)) Object.assign(socket, { [SOCKET_TEXTS[column]!]: value })
    else if (Object.hasOwn(UPSTREAM_NUMBERS, column)) {
      if (value !== null) upstream[UPSTREAM_NUMBERS[column]!] = numberIn(value)
    } else if (Object.hasOwn(ERROR_TEXTS, column)) {
      if (value !== null) error[ERROR_TEXTS[column]!] = value
    } else if (column === 'x-upstream') {
      if (value !== null) upstream.server = value
    } else if (column === 'x-ws-event') {
      if (value === 'open') told.event = 'open'
    } else if (column === 'x-ws-attempt') {
      if (value !== null && status !== 101) told.attempt = true
    } else if (column === 'cs-uri') Object.assign(told, target(value))
    else if (column === 's-reason') {
      if (value !== null) told.rejection = value
    } else custom[column] = value
  }
  if (Object.keys(error).length > 0) upstream.error = error as unknown as ExchangeUpstream['error']
  return {
    ...told,
    endedAt,
    status,
    ...Object.keys(upstream).length > 0 ? { upstream: upstream as ExchangeUpstream } : {},
    ...status === 101 ? { websocket: socket } : {},
    ...Object.keys(custom).length > 0 ? { custom } : {}
  }
}

const OF_THE_LINE: ReadonlySet<string> = new Set(['date', 'time', 'sc-status'])

/** `cs-uri` of HTTP.sys: path and query in one. */
function target (uri: string | null): Exchanged {
  if (uri === null) return {}
  const mark = uri.indexOf('?')
  return mark === -1 ? { path: uri } : { path: uri.slice(0, mark), query: uri.slice(mark + 1) }
}

/** True for a column whose value a line has under a name of its own. */
export function isKnownColumn (name: string): boolean {
  return Object.hasOwn(FIELDS, name) && name !== 's-computername' && name !== 'cs(Cookie)'
}

/** A known column's value in a line that was read as a whole. */
export function textOf (name: string, line: Line): string | number | null | undefined {
  if (name === 's-sitename') return line.site
  if (name === 'cs-uri-query') return line.query
  return FIELDS[name as keyof typeof FIELDS](line as Exchange)
}

function numberIn (value: string | null): number | null {
  const number = value === null ? NaN : Number(value)
  return Number.isFinite(number) ? number : null
}

/** Whether the properties of a value that are read have an exchange's types: other programs may have written it. */
export function isLine (value: unknown): value is Line {
  const { status, endedAt, websocket = {}, upstream = {}, refused = {} } = Object(value) as Readonly<Record<string, unknown>>
  return Number.isInteger(status) && typeof endedAt === 'number' && !Number.isNaN(new Date(endedAt).getTime()) &&
    hold(value, Object.values(NUMBERS), Number.isFinite) && hold(value, [...Object.values(TEXTS), 'query', 'rejection'], isText) &&
    hold(websocket, Object.values(SOCKET_NUMBERS), Number.isFinite) && hold(websocket, Object.values(SOCKET_TEXTS), isText) &&
    hold(upstream, ['server'], isText) && hold(refused, ['reason', 'detail'], isText)
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

/** The query without the words that ARR has added; those go to the upstream's part. */
function readQuery (upstream: Mutable<Partial<ExchangeUpstream>>, value: string | null): string | null {
  const words = value === null ? null : ARR_WORDS.exec(value)
  if (value === null || words === null) return value
  const [, hit, routed, logId, status] = words
  Object.assign(upstream, { cacheHit: hit === '1', routed: routed ?? null, logId: logId ?? null, status: status === undefined ? null : Number(status) })
  return words.index === 0 ? null : value.slice(0, words.index)
}
