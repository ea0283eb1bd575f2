// Did the WebSocket end right after a message: a large one, or the client's first?
import type { Finding } from '../../trace/trace.ts'
import { found } from '../findings.ts'
import { duration, size } from '../story/duration.ts'
import { sideName, SideName, type Story } from '../story/story.ts'
import { RSV1 } from '../story/tunnel-story.ts'
import { messagesIn } from './messages.ts'
import { limitsUnder } from './size-limits.ts'

const SOON = 1_000
const LARGE = 8_192
/** What a close code says by itself needs no guess. */
const TELLING: ReadonlySet<number | null> = new Set([1000, 1001, 1009, 1012, 1013])

export function largeMessageFindings ({ tunnel }: Story): Finding[] {
  if (tunnel === null || (tunnel.closed?.limit ?? '') !== '') return []
  const close = tunnel.closes[0]
  const moment = close?.time ?? tunnel.endedAt
  if (moment === null || moment === undefined || TELLING.has(close?.code ?? null)) return []
  const ender = close?.from ?? tunnel.firstEnd?.side ?? tunnel.closed?.by ?? ''
  const end = close ?? tunnel.firstEnd ?? tunnel.closed
  const messages = messagesIn(tunnel).filter(({ time }) => time <= moment)
  const last = messages.at(-1)
  if (last !== undefined && last.from !== ender && last.bytes > LARGE && moment - last.time <= SOON && messages.every(({ bytes }) => bytes <= last.bytes)) {
    const limits = limitsUnder(last.bytes).map(({ who, setting }) => `${who}: ${setting}`).join('; ')
    return [found('ENDED_AFTER_LARGE_MESSAGE', [...last.frames.map(({ index }) => index), end?.index], `${SideName(ender)} ended the WebSocket ${duration(moment - last.time)} after the largest message so far, ${size(last.bytes)} from ${sideName(last.from)}${close?.code == null ? ', without a Close' : `, with ${close.code}`}.`, `Raise the limit for messages at ${sideName(ender)} (${limits}), or send it in parts. A proxy between may have a limit as well.`)]
  }
  const fromClient = messages.filter(({ from }) => from === 'client')
  const first = fromClient[0]
  const compressed = ((first?.frames[0]?.rsv ?? 0) & RSV1) !== 0
  if (ender === 'upstream' && fromClient.length === 1 && first !== undefined && !compressed && moment - first.time <= SOON) {
    return [found('ENDED_AFTER_FIRST_MESSAGE', [...first.frames.map(({ index }) => index), end?.index], `The upstream ended the WebSocket ${duration(moment - first.time)} after the client's first message (${size(first.bytes)})${close?.code == null ? ', without a Close' : `, with ${close.code}${close.reason === '' ? '' : ` "${close.reason}"`}`}.`, "The application does not take this message: it expects another format, sub-protocol or sign-in, or its handler fails. Its log says which; `payloads` of a rule shows the message's beginning.")]
  }
  return []
}
