// What has passed through a WebSocket? Its frames as Chrome writes them into an archive.
import { isFrame, type WebSocketLife } from '../../story/web-socket.ts'

interface Message {
  readonly type: 'send' | 'receive'
  /** Seconds since the epoch. */
  readonly time: number
  readonly opcode: number
  /** A text, or base64 for what is none; empty where payloads were not kept. */
  readonly data: string
  /** Bytes on the wire. */
  readonly _size: number
  readonly _fin?: false
  readonly _rsv?: number
}

/** The kept frames, seen from the client or from the proxy as the upstream's client. Control frames and continuations are there, by their opcodes. */
export function messagesOf (life: WebSocketLife, beganAt: number, side: 'client' | 'upstream'): Message[] {
  return life.frames.filter(isFrame).map(({ time, from, opcode, fin, rsv, length, payload }) => ({
    // The proxy's own frames go to both sides: the client receives them, and to the upstream they are sent.
    type: from === 'client' || (from === 'proxy' && side === 'upstream') ? 'send' : 'receive',
    time: (beganAt + time) / 1000,
    opcode,
    data: payload ?? '',
    _size: length,
    ...(fin ? {} : { _fin: false }),
    ...(rsv === 0 ? {} : { _rsv: rsv })
  }))
}
