// How is a control frame built? (RFC 6455 §5.5)
import { randomBytes } from 'node:crypto'

const PING = 0x9

/** The payload of the proxy's pings: a pong with it answers one of them (RFC 6455 §5.5.3). */
export const PING_PAYLOAD = Buffer.from('keep-alive')

/** Builds a control frame; masked where it goes to a server (RFC 6455 §5.3). The payload must be at most 125 bytes. */
export function controlFrame (opcode: number, payload: Buffer, masked: boolean): Buffer {
  const { length } = payload
  const at = masked ? 6 : 2
  const frame = Buffer.alloc(at + length)
  frame[0] = 0x80 | opcode
  frame[1] = masked ? 0x80 | length : length
  payload.copy(frame, at)
  if (masked) {
    const mask = randomBytes(4)
    mask.copy(frame, 2)
    for (let i = 0; i < length; i++) frame[at + i] = frame[at + i] as number ^ mask[i & 3] as number
  }
  return frame
}

/** Builds the proxy's own ping. */
export function pingFrame (masked: boolean): Buffer {
  return controlFrame(PING, PING_PAYLOAD, masked)
}
