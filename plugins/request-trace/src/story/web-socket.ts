// What was the life of a trace's WebSocket?
import { opcodeNumber } from './frame-words.ts'
import { handshakeOf, headerValue } from '../trace/handshake.ts'
import type { Trace, TraceEvent, Value } from '../trace/trace.ts'

/** A frame that was kept. */
export interface Frame {
  /** ms since the exchange began. */
  readonly time: number
  readonly from: string
  readonly opcode: number
  readonly fin: boolean
  /** The reserved bits, as in the first byte: 0x40, 0x20, 0x10. */
  readonly rsv: number
  readonly masked: boolean
  /** Bytes of its payload on the wire. */
  readonly length: number
  /** The text of a text frame, or the bytes of another in base64; null where payloads were not kept. */
  readonly payload: string | null
}

/** Frames that were counted only, and between which kept ones they stood. */
export interface SkippedFrames {
  readonly time: number
  readonly fromClient: number
  readonly fromUpstream: number
  readonly bytes: number
}

/** The life of a WebSocket. */
export interface WebSocketLife {
  /** The event of its 101; null where it never opened. */
  readonly open: TraceEvent | null
  readonly closed: TraceEvent | null
  /** Kept frames and counts of those that were not, in their order. */
  readonly frames: ReadonlyArray<Frame | SkippedFrames>
  /** Close frames that have passed, and how the sockets ended, in their order. */
  readonly ends: readonly TraceEvent[]
}

const ENDS: readonly string[] = ['WEBSOCKET_CLOSE_FRAME', 'WEBSOCKET_UNREADABLE', 'WEBSOCKET_SOCKET_END', 'WEBSOCKET_CLOSED']

/** The life of a trace's WebSocket; null for an exchange that asked for none. */
export function webSocketOf (trace: Trace): WebSocketLife | null {
  const find = (name: string): TraceEvent | null => trace.events.find(event => event.name === name) ?? null
  const open = find('WEBSOCKET_OPEN')
  const frames = trace.events.flatMap(event => frame(event) ?? [])
  const ends = trace.events.filter(({ name }) => ENDS.includes(name))
  if (open === null && frames.length === 0 && ends.length === 0 && !asksForOne(trace)) return null
  return { open, closed: find('WEBSOCKET_CLOSED'), frames, ends }
}

/** RFC 6455 §4.1 by HTTP/1.1, RFC 8441 §4 by HTTP/2. */
function asksForOne (trace: Trace): boolean {
  const { received } = handshakeOf(trace)
  const asked = headerValue(received, 'upgrade') ?? headerValue(received, ':protocol') ?? ''
  return asked.toLowerCase().split(',').some(word => word.trim() === 'websocket') || /^wss?:/i.test(trace.url)
}

export function isFrame (one: Frame | SkippedFrames): one is Frame {
  return 'opcode' in one
}

function frame ({ name, time, data }: TraceEvent): Frame | SkippedFrames | null {
  if (name === 'WEBSOCKET_FRAMES_SKIPPED') {
    return { time, fromClient: count(data.FromClient), fromUpstream: count(data.FromUpstream), bytes: count(data.BytesFromClient) + count(data.BytesFromUpstream) }
  }
  if (name !== 'WEBSOCKET_FRAME') return null
  return {
    time,
    from: String(data.From ?? ''),
    opcode: opcodeNumber(data.Opcode),
    fin: data.Fin !== false,
    rsv: count(data.Rsv),
    masked: data.Masked === true,
    length: count(data.Length),
    payload: data.Payload === undefined ? null : String(data.Payload)
  }
}

function count (value: Value | undefined): number {
  return Number(value ?? 0) || 0
}
