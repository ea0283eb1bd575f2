// Traces made by hand: the events of one exchange, as the recording has them.
import { createHash } from 'node:crypto'
import type { EventName } from '../src/trace/events.ts'
import type { Trace, TraceEvent, Value } from '../src/trace/trace.ts'

export const KEY = 'dGhlIHNhbXBsZSBub25jZQ=='
export const ACCEPT = createHash('sha1').update(`${KEY}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
export const SERVER = 'http://127.0.0.1:8080'

export type Headers = Readonly<Record<string, string | null>>

/** What a browser sends. */
const REQUEST: Headers = { Host: 'chat.example', Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': KEY }
const SWITCHED: Headers = { Upgrade: 'websocket', Connection: 'Upgrade', 'Sec-WebSocket-Accept': ACCEPT }

export function event (time: number, name: EventName, data: Record<string, Value> = {}): TraceEvent {
  return { time, name, data }
}

/** Lines of `Name: value`; null takes one of the defaults away. */
export function lines (...all: Headers[]): string {
  return Object.entries(Object.assign({}, ...all) as Headers).filter(([, value]) => value !== null).map(([name, value]) => `${name}: ${value ?? ''}\r\n`).join('')
}

export function trace (events: readonly TraceEvent[], more: Partial<Trace> = {}): Trace {
  return {
    id: 'fr000001',
    siteId: 1,
    siteName: 'chat',
    url: 'http://chat.example:80/socket?token=1',
    verb: 'GET',
    httpVersion: '1.1',
    client: '192.0.2.7:50000',
    beganAt: Date.UTC(2026, 10, 29, 10, 25, 40),
    timeTaken: events.at(-1)?.time ?? 0,
    status: 101,
    subStatus: 0,
    failureReason: 'STATUS_CODE',
    trigger: '101',
    logId: 'a3614585-e908-40f2-9435-e3c23a2a6e31',
    processId: 4242,
    computer: 'web01',
    events,
    lost: 0,
    findings: [],
    ...more
  }
}

/** The client's request. */
export function asked (headers: Headers = {}, time = 0): TraceEvent[] {
  return [event(time, 'GENERAL_REQUEST_START', { RequestURL: 'http://chat.example:80/socket', RequestVerb: 'GET' }), event(time, 'GENERAL_REQUEST_HEADERS', { Headers: lines(REQUEST, headers) })]
}

/** The request as it leaves, on a new connection. */
export function sent (headers: Headers = {}, time = 2): TraceEvent[] {
  return [event(time - 1, 'ATTEMPT_START', { Server: SERVER }), event(time, 'ATTEMPT_CONNECTED', { Server: SERVER, Reused: false, ConnectTime: 1 }), event(time, 'ARR_REQUEST_HEADERS_START', { Server: SERVER, Headers: lines(REQUEST, headers) })]
}

/** The upstream's answer to it. */
export function answered (status: number, headers: Headers = {}, time = 5): TraceEvent[] {
  return [event(time, 'ARR_RESPONSE_HEADERS_END', { HttpStatus: status, HttpReason: '', Headers: lines(headers) })]
}

/** A handshake up to the answer, whose headers may differ from those of a good one. */
export function handshake (differs: { asked?: Headers, sent?: Headers, answered?: Headers, status?: number } = {}): TraceEvent[] {
  const status = differs.status ?? 101
  return [
    ...asked(differs.asked),
    ...sent({ ...differs.asked, ...differs.sent }),
    ...answered(status, { ...status === 101 ? SWITCHED : {}, ...differs.answered }),
    ...status === 101 ? [event(6, 'WEBSOCKET_OPEN', { Http: '1.1', Extensions: String(differs.answered?.['Sec-WebSocket-Extensions'] ?? ''), HandshakeTime: 6 })] : []
  ]
}

export function frame (time: number, from: string, opcode: number, length = 10, more: Record<string, Value> = {}): TraceEvent {
  return event(time, 'WEBSOCKET_FRAME', { From: from, Opcode: opcode, Fin: true, Rsv: 0, Masked: from === 'client', Length: length, ...more })
}

export function close (time: number, from: string, code: number, reason = ''): TraceEvent {
  return event(time, 'WEBSOCKET_CLOSE_FRAME', { From: from, Code: code, Reason: reason })
}

export function end (time: number, side: string, how = 'end', systemCode = ''): TraceEvent {
  return event(time, 'WEBSOCKET_SOCKET_END', { Side: side, How: how, ...systemCode === '' ? {} : { SystemCode: systemCode } })
}

export function closed (time: number, by: string, more: Record<string, Value> = {}): TraceEvent {
  return event(time, 'WEBSOCKET_CLOSED', { ClosedBy: by, Ending: 'end', ...more })
}

/** An orderly end: both Close frames, then both sockets. */
export function farewell (time: number, by: string, code = 1000, reason = ''): TraceEvent[] {
  const other = by === 'client' ? 'upstream' : 'client'
  return [close(time, by, code, reason), close(time + 1, other, code), end(time + 2, 'upstream'), end(time + 3, 'client'), closed(time + 3, by, { CloseCode: code, CloseReason: reason })]
}
