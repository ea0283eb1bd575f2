// The frames of a WebSocket, the first and the last ones.
import type { TunnelStory } from '../../diagnosis/story/tunnel-story.ts'
import { duration, size } from '../../diagnosis/story/duration.ts'
import { numberOf, textOf } from '../../diagnosis/story/event-values.ts'
import { closeCodeName, opcodeName } from '../../story/frame-words.ts'
import type { Trace } from '../../trace/trace.ts'
import type { Colors } from './paint.ts'
import { printable, shortened } from './terminal.ts'

const SOME = 8
const PAYLOAD = 60

/** An arrow for each frame, to the right from the client. */
export function frameLines (trace: Trace, tunnel: TunnelStory, all: boolean, colours: Colors): string[] {
  const lines = trace.events.flatMap((event, index) => {
    const at = colours.dim(duration(event.time).padStart(9))
    if (event.name === 'WEBSOCKET_FRAME') {
      const frame = tunnel.frames.find(one => one.index === index)
      if (frame === undefined) return []
      const arrow = frame.from === 'client' ? '→' : frame.from === 'upstream' ? '←' : '•'
      const bits = [frame.fin ? '' : 'more follows', ...[1, 2, 3].filter(bit => (frame.rsv & (0x80 >> bit)) !== 0).map(bit => `RSV${bit}`)].filter(text => text !== '')
      const payload = textOf(event, 'Payload')
      return [`  ${at}  ${arrow} ${printable(frame.from).padEnd(8)} ${opcodeName(frame.opcode).padEnd(12)} ${size(frame.length).padStart(10)}${bits.length === 0 ? '' : `  ${colours.yellow(bits.join(' '))}`}${payload === '' ? '' : `  ${colours.dim(printable(shortened(payload, PAYLOAD)))}`}`]
    }
    if (event.name === 'WEBSOCKET_FRAMES_SKIPPED') return [colours.dim(`  ${''.padStart(9)}  … ${numberOf(event, 'FromClient') ?? 0} frames from the client and ${numberOf(event, 'FromUpstream') ?? 0} from the upstream were not kept`)]
    if (event.name === 'WEBSOCKET_QUIET') return [colours.dim(`  ${at}  nothing for ${duration(numberOf(event, 'Milliseconds') ?? 0)}`)]
    return []
  })
  if (lines.length === 0) return [colours.dim('  (none recorded)')]
  if (all || lines.length <= 2 * SOME + 1) return lines
  return [...lines.slice(0, SOME), colours.dim(`  ${''.padStart(9)}  … ${lines.length - 2 * SOME} lines more: --all`), ...lines.slice(-SOME)]
}

/** How it ended: Close frames, sockets, and the sum. */
export function endLines (tunnel: TunnelStory, colours: Colors): string[] {
  const at = (time: number): string => colours.dim(duration(time).padStart(9))
  const { closes, ends, unreadable, closed } = tunnel
  const lines = [
    ...closes.map(({ time, from, code, reason }) => ({ time, text: `Close from ${from === 'proxy' ? 'this proxy' : from}${code === null ? ' without a code' : ` ${code} (${closeCodeName(code)})`}${reason === '' ? '' : ` "${reason}"`}` })),
    ...unreadable.map(({ time, from }) => ({ time, text: `frames from ${from} can no longer be read` })),
    ...ends.map(({ time, side, how, systemCode }) => ({ time, text: `socket of ${side}: ${how === 'end' ? 'ended in order (FIN)' : how === 'cut' ? 'cut by this proxy' : `reset${systemCode === '' ? '' : ` (${systemCode})`}`}` })),
    ...closed === null ? [] : [{ time: closed.time, text: `over: by ${closed.by === '' ? 'nobody known' : closed.by}, ${closed.ending}${closed.limit === '' ? '' : ` (limit: ${closed.limit})`}${closed.messagesFromClient === null ? '' : `; messages: ${closed.messagesFromClient} from the client, ${closed.messagesFromUpstream ?? 0} from the upstream`}` }]
  ].sort((one, other) => one.time - other.time)
  return lines.length === 0 ? [colours.dim('  (it was open when the trace was written)')] : lines.map(({ time, text }) => `  ${at(time)}  ${printable(text)}`)
}
