// Which columns can a W3C line have, in which order, and what does each hold?
import { hostname } from 'node:os'
import type { Exchange } from '../exchange/exchange.ts'
import { queryWithArr } from './arr-query.ts'

/** Text is escaped; a number is written as it is. */
export type FieldValue = string | number | null | undefined

/** Reads one column's value from an exchange. */
export type ReadField = (exchange: Exchange) => FieldValue

const computer = hostname()

/**
 * IIS's columns, in the order in which every line has them, whichever are chosen (win32 documentation, W3C Logging:
 * "in the order of occurrence"). `date` and `time` are computed in `w3c.ts`.
 */
export const IIS_FIELDS = {
  date: () => null,
  time: () => null,
  's-sitename': exchange => `W3SVC${exchange.siteId}`,
  's-computername': () => computer,
  's-ip': exchange => exchange.serverIp,
  'cs-method': exchange => exchange.method,
  'cs-uri-stem': exchange => exchange.path,
  'cs-uri-query': queryWithArr,
  's-port': exchange => exchange.serverPort,
  'cs-username': exchange => exchange.username,
  'c-ip': exchange => exchange.clientIp,
  'cs-version': exchange => exchange.version,
  'cs(User-Agent)': exchange => exchange.userAgent,
  'cs(Cookie)': exchange => exchange.hidden?.['cs(Cookie)'],
  'cs(Referer)': exchange => exchange.referer,
  'cs-host': exchange => exchange.host,
  'sc-status': exchange => exchange.status,
  'sc-substatus': exchange => exchange.substatus,
  'sc-win32-status': exchange => exchange.win32Status,
  'sc-bytes': exchange => exchange.bytesSent,
  'cs-bytes': exchange => exchange.bytesReceived,
  'time-taken': exchange => exchange.timeTaken
} as const satisfies Record<string, ReadField>

/** Columns that IIS does not have. They follow `time-taken`, as custom fields do. */
export const EXTRA_FIELDS = {
  /** `open` for the line of a WebSocket's opening, `close` for that of its end; `-` for every other exchange. */
  'x-ws-event': exchange => exchange.websocket === undefined ? null : exchange.event ?? 'close',
  /** The process that wrote the line: its number and its start. */
  'x-process': exchange => exchange.process,
  'x-request-id': exchange => exchange.requestId,
  'x-rule': exchange => exchange.rule,
  'x-upstream': exchange => exchange.upstream?.server,
  'x-connect-time': exchange => whole(exchange.upstream?.connectTime),
  'x-first-byte-time': exchange => whole(exchange.upstream?.firstByteTime),
  'x-error-code': exchange => exchange.upstream?.error?.code,
  'x-error-moment': exchange => exchange.upstream?.error?.moment,
  'x-error-side': exchange => exchange.upstream?.error?.side,
  /** `yes` where a WebSocket was asked for, whether or not it opened. */
  'x-ws-attempt': exchange => exchange.websocket !== undefined || exchange.attempt === true ? 'yes' : null,
  'x-ws-http': exchange => exchange.websocket?.http,
  'x-ws-handshake-time': exchange => exchange.websocket?.handshakeTime,
  'x-ws-subprotocol': exchange => exchange.websocket?.subprotocol,
  'x-ws-extensions': exchange => exchange.websocket?.extensions,
  'x-ws-messages-received': exchange => exchange.websocket?.messagesReceived,
  'x-ws-messages-sent': exchange => exchange.websocket?.messagesSent,
  'x-ws-bytes-received': exchange => exchange.websocket?.bytesReceived,
  'x-ws-bytes-sent': exchange => exchange.websocket?.bytesSent,
  'x-ws-idle-received': exchange => exchange.websocket?.idleReceived,
  'x-ws-idle-sent': exchange => exchange.websocket?.idleSent,
  'x-ws-close-code': exchange => exchange.websocket?.closeCode,
  'x-ws-close-reason': exchange => exchange.websocket?.closeReason,
  'x-ws-closed-by': exchange => exchange.websocket?.closedBy,
  'x-ws-ending': exchange => exchange.websocket?.ending,
  'x-ws-limit': exchange => exchange.websocket?.limit
} as const satisfies Record<string, ReadField>

export type IisField = keyof typeof IIS_FIELDS
export type ExtraField = keyof typeof EXTRA_FIELDS
/** A column by its name in `#Fields`. */
export type Field = IisField | ExtraField

/** Every column, in the line's order. */
export const FIELDS: Readonly<Record<Field, ReadField>> = { ...IIS_FIELDS, ...EXTRA_FIELDS }

/** Every column's name, in the line's order. */
export const FIELD_NAMES = Object.keys(FIELDS) as readonly Field[]

/** IIS 10's fifteen default columns: those that the patterns of log shippers and log readers expect. */
const IIS: readonly Field[] = [
  'date', 'time', 's-ip', 'cs-method', 'cs-uri-stem', 'cs-uri-query', 's-port', 'cs-username', 'c-ip',
  'cs(User-Agent)', 'cs(Referer)', 'sc-status', 'sc-substatus', 'sc-win32-status', 'time-taken'
]

/** Choices of columns by name: IIS's default; with `cs-version`, as in the lines of the article; every column but `cs(Cookie)`. */
export const PRESETS: Readonly<Record<'iis' | 'article' | 'all', readonly Field[]>> = {
  iis: IIS,
  article: [...IIS, 'cs-version'],
  // A cookie is a credential: it is written where it is named.
  all: FIELD_NAMES.filter(name => name !== 'cs(Cookie)')
}

/** Whether a column is one IIS does not have. */
export function isExtra (field: string): field is ExtraField {
  return Object.hasOwn(EXTRA_FIELDS, field)
}

function whole (time: number | null | undefined): number | null {
  return time === null || time === undefined ? null : Math.round(time)
}
