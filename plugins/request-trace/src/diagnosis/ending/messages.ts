// Which messages passed, fragments put together (RFC 6455 §5.4)?
import { isData, type Frame, type TunnelStory } from '../story/tunnel-story.ts'

/** A message that was seen; of a frame whose payload never came, the length that its header says. */
export interface Message {
  readonly from: string
  /** ms since the exchange began, of its last frame. */
  readonly time: number
  readonly bytes: number
  readonly frames: readonly Frame[]
}

export function messagesIn (tunnel: TunnelStory): Message[] {
  const messages: Message[] = []
  const open = new Map<string, Frame[]>()
  const close = (from: string, frames: readonly Frame[]): void => {
    messages.push({ from, time: frames.at(-1)?.time ?? 0, bytes: frames.reduce((sum, { length }) => sum + length, 0), frames })
  }
  for (const frame of tunnel.frames) {
    if (!isData(frame) || frame.from === 'proxy') continue
    const frames = frame.opcode === 0 ? [...open.get(frame.from) ?? [], frame] : [frame]
    open.delete(frame.from)
    if (frame.fin) close(frame.from, frames)
    else open.set(frame.from, frames)
  }
  for (const [from, frames] of open) close(from, frames)
  return messages
}

/** Null where no message was seen. */
export function largestMessage (tunnel: TunnelStory, from?: string): Message | null {
  return messagesIn(tunnel).filter(message => from === undefined || message.from === from)
    .reduce<Message | null>((largest, message) => largest === null || message.bytes > largest.bytes ? message : largest, null)
}
