// Do compressed frames (RSV1) break the WebSocket (RFC 7692 §6)?
import type { Finding } from '../../trace/trace.ts'
import { found } from '../findings.ts'
import { duration } from '../story/duration.ts'
import { extensionNames } from '../story/header-list.ts'
import { sideName, SideName, type Story } from '../story/story.ts'
import { isData, RSV1 } from '../story/tunnel-story.ts'
import { frameFault, hasRightMask } from './frame-fault.ts'

const SOON = 1_000
/** Null is a Close without a code. */
const ORDERLY: ReadonlySet<number | null> = new Set([1000, 1001, null])

export function compressionFindings ({ tunnel, answer }: Story): Finding[] {
  if (tunnel === null) return []
  const findings: Finding[] = []
  const { frames, closes, unreadable, endedAt, open } = tunnel
  const agreed = answer?.headers.get('sec-websocket-extensions') ?? (open.extensions === '' ? null : open.extensions)
  const bare = extensionNames(agreed).length === 0
  // Without an extension, RSV1 alone is the mark of compression: anything may follow a 101, and its first bytes have any bits.
  const first = frames.find(frame => isData(frame) && (bare ? frame.rsv === RSV1 && hasRightMask(frame) : (frame.rsv & RSV1) !== 0))
  if (first !== undefined && bare) {
    findings.push(found('COMPRESSION_NOT_AGREED', [answer?.index ?? open.index, first.index, ...unreadable.map(({ index }) => index), ...closes.map(({ index }) => index)], `${SideName(first.from)} sent a frame with RSV1 (compressed) ${duration(first.time - open.time)} after the 101, and no extension was agreed: the other side must close with 1002.`, `Find what took Sec-WebSocket-Extensions away between ${sideName(first.from)} and this proxy, or switch compression off there (\`perMessageDeflate: false\` of ws and socket.io).`))
  } else if (unreadable.length > 0) {
    const [broken] = unreadable
    const last = frames.findLast(({ from, index }) => from === broken?.from && index < (broken?.index ?? 0))
    const fault = last === undefined ? '' : frameFault(last, !bare)
    findings.push(found('FRAMES_UNREADABLE', [...bare ? [answer?.index ?? open.index] : [], ...fault === '' ? [] : [last?.index], ...unreadable.map(({ index }) => index)], `What ${sideName(broken?.from ?? '')} sends after the 101 cannot be read as WebSocket frames${fault !== '' ? `: ${fault} came` : bare ? '; no extension was agreed, so that a compressed frame (RSV1) is none that may be sent' : ''}.`, `Look at what is sent: ${bare && fault === '' ? 'messages that are compressed though nobody agreed to it (was Sec-WebSocket-Extensions taken away on the way?), ' : ''}another protocol, an answer of HTTP behind the 101, or unmasked frames of a client. The bytes pass all the same; their counts are missing.`))
  }
  const end = endedAt ?? closes[0]?.time ?? null
  if (first !== undefined && end !== null && end >= first.time && end - first.time <= SOON && !(closes[0] !== undefined && ORDERLY.has(closes[0].code))) {
    // Who answers it could read it.
    const answered = frames.some(frame => isData(frame) && frame.from !== first.from && frame.index > first.index)
    if (!answered) {
      findings.push(found('COMPRESSED_THEN_ENDED', [first.index, closes[0]?.index, tunnel.ends[0]?.index, tunnel.closed?.index], `The first compressed frame came from ${sideName(first.from)} ${duration(first.time - open.time)} after the 101, and the WebSocket ended ${duration(end - first.time)} later: one side, or a proxy between, cannot read compressed frames.`, 'A proxy that reads frames stands on the way. IIS with ARR does this to permessage-deflate: set HTTP_SEC_WEBSOCKET_EXTENSIONS to nothing there, or switch compression off in the application.'))
    }
  }
  return findings
}
