// What became of the WebSocket: which frames passed, what was closed, and which socket ended first?
import type { TraceEvent } from '../../trace/trace.ts'
import { flagOf, numberOf, textOf } from './event-values.ts'

/** One moment of it: the event's index, and ms since the exchange began. */
export interface At {
  readonly index: number
  readonly time: number
}

export interface Frame extends At {
  /** `client`, `upstream` or `proxy`. */
  readonly from: string
  readonly opcode: number
  readonly fin: boolean
  /** The reserved bits as in the first byte: RSV1 is 0x40 (RFC 6455 §5.2). */
  readonly rsv: number
  /** Null where it is not recorded. */
  readonly masked: boolean | null
  readonly length: number
}

export interface CloseFrame extends At {
  readonly from: string
  /** Null where the frame has none. */
  readonly code: number | null
  readonly reason: string
}

export interface SocketEnd extends At {
  readonly side: string
  /** `end` for a FIN, `reset`, or `cut` by the proxy. */
  readonly how: string
  readonly systemCode: string
}

export interface Closed extends At {
  readonly by: string
  readonly ending: string
  readonly limit: string
  readonly code: number | null
  readonly reason: string
  /** ms of silence of both sides before this event; null where it is not known. */
  readonly idle: number | null
  readonly messagesFromClient: number | null
  readonly messagesFromUpstream: number | null
}

/** The life of a WebSocket. */
export interface TunnelStory {
  readonly open: At & { readonly extensions: string, readonly subProtocol: string, readonly handshakeTime: number | null }
  readonly frames: readonly Frame[]
  readonly closes: readonly CloseFrame[]
  readonly unreadable: ReadonlyArray<At & { readonly from: string }>
  readonly ends: readonly SocketEnd[]
  readonly closed: Closed | null
  /** The end of the first socket that the proxy did not cut itself; null where there is none. */
  readonly firstEnd: SocketEnd | null
  /** When the first socket ended; null while the WebSocket is open. */
  readonly endedAt: number | null
}

/** RSV1: a compressed message, where permessage-deflate was agreed (RFC 7692 §6). */
export const RSV1 = 0x40

const OPCODES: Readonly<Record<string, number>> = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 }

/** True for the frames of messages, not for Close, Ping and Pong (RFC 6455 §5.5). */
export const isData = ({ opcode }: Frame): boolean => opcode < 8

/** Null where no WebSocket was opened. */
export function tunnelOf (events: readonly TraceEvent[]): TunnelStory | null {
  const at = events.findIndex(({ name }) => name === 'WEBSOCKET_OPEN')
  const opening = events[at]
  if (opening === undefined) return null
  const all = events.map((event, index) => ({ event, index, time: event.time }))
  const named = (name: string) => all.filter(({ event }) => event.name === name)
  const closing = named('WEBSOCKET_CLOSED').at(-1)
  const ends = named('WEBSOCKET_SOCKET_END').map(({ event, index, time }) => ({ index, time, side: textOf(event, 'Side'), how: textOf(event, 'How'), systemCode: textOf(event, 'SystemCode') }))
  const closed = closing === undefined ? null : closedOf(closing.event, closing.index)
  return {
    open: { index: at, time: opening.time, extensions: textOf(opening, 'Extensions'), subProtocol: textOf(opening, 'SubProtocol'), handshakeTime: numberOf(opening, 'HandshakeTime') },
    frames: named('WEBSOCKET_FRAME').map(({ event, index, time }) => ({ index, time, from: textOf(event, 'From'), opcode: opcodeOf(textOf(event, 'Opcode')), fin: flagOf(event, 'Fin'), rsv: numberOf(event, 'Rsv') ?? 0, masked: event.data.Masked === undefined ? null : flagOf(event, 'Masked'), length: numberOf(event, 'Length') ?? 0 })),
    closes: closesIn(closed, named('WEBSOCKET_CLOSE_FRAME').map(({ event, index, time }) => ({ index, time, from: textOf(event, 'From'), code: numberOf(event, 'Code'), reason: textOf(event, 'Reason') }))),
    unreadable: named('WEBSOCKET_UNREADABLE').map(({ event, index, time }) => ({ index, time, from: textOf(event, 'From') })),
    ends,
    closed,
    firstEnd: ends.find(({ how }) => how !== 'cut') ?? null,
    endedAt: ends[0]?.time ?? closed?.time ?? null
  }
}

/** Where Close frames are not recorded, the end still knows of the first one. */
function closesIn (closed: Closed | null, frames: readonly CloseFrame[]): readonly CloseFrame[] {
  if (frames.length > 0 || closed === null || closed.code === null) return frames
  return [{ index: closed.index, time: closed.time, from: closed.by, code: closed.code, reason: closed.reason }]
}

function closedOf (event: TraceEvent, index: number): Closed {
  const idle = [numberOf(event, 'IdleClient'), numberOf(event, 'IdleUpstream')].filter(ms => ms !== null)
  return {
    index,
    time: event.time,
    by: textOf(event, 'ClosedBy'),
    ending: textOf(event, 'Ending'),
    limit: textOf(event, 'Limit'),
    code: numberOf(event, 'CloseCode'),
    reason: textOf(event, 'CloseReason'),
    idle: idle.length === 2 ? Math.min(...idle) : null,
    messagesFromClient: numberOf(event, 'MessagesFromClient'),
    messagesFromUpstream: numberOf(event, 'MessagesFromUpstream')
  }
}

function opcodeOf (text: string): number {
  const lower = text.toLowerCase()
  if (Object.hasOwn(OPCODES, lower)) return OPCODES[lower] as number
  const number = Number(text)
  return text === '' || Number.isNaN(number) ? -1 : number
}
