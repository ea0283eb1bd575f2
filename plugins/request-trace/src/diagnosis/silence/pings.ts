// Who pings, how regularly, and are pings answered (RFC 6455 §5.5.2)?
import type { Finding } from '../../trace/trace.ts'
import { found } from '../findings.ts'
import { duration } from '../story/duration.ts'
import { SideName, type Story } from '../story/story.ts'
import type { Frame, TunnelStory } from '../story/tunnel-story.ts'

const PING = 9
const PONG = 10
const PATIENCE = 1_000

export function pingFindings ({ tunnel }: Story): Finding[] {
  if (tunnel === null) return []
  return ['client', 'upstream', 'proxy'].flatMap(side => {
    const pings = tunnel.frames.filter(({ opcode, from }) => opcode === PING && from === side)
    return pings.length === 0 ? [] : [...unanswered(tunnel, side, pings), ...clock(side, pings)]
  })
}

function unanswered (tunnel: TunnelStory, side: string, pings: readonly Frame[]): Finding[] {
  const end = tunnel.closes[0]?.time ?? tunnel.endedAt ?? Infinity
  const pongs = tunnel.frames.filter(({ opcode, from }) => opcode === PONG && from !== side)
  const lastPong = pongs.at(-1)?.time ?? -Infinity
  // A pong may answer several pings, and only the last must be answered (RFC 6455 §5.5.3).
  const open = pings.filter(({ time }) => time > lastPong && end - time >= PATIENCE)
  const first = open[0]
  if (first === undefined || end === Infinity) return []
  const all = pongs.length === 0 && open.length === pings.length
  return [found('PINGS_UNANSWERED', [...open.map(({ index }) => index), tunnel.ends[0]?.index], `${SideName(side)} sent ${all ? '' : 'the last '}${open.length === 1 ? 'one ping' : `${open.length} pings`} and got no pong in ${duration(end - first.time)}.`, 'The other side is gone without a word (sleep, lost network, a NAT that forgot it), or does not read: a program that is busy, or stopped at a breakpoint, does not answer either. Libraries answer by themselves while they read.')]
}

/** Regular pings, at least three of them. */
function clock (side: string, pings: readonly Frame[]): Finding[] {
  const gaps = pings.slice(1).map(({ time }, index) => time - (pings[index] as Frame).time)
  if (gaps.length < 2) return []
  const middle = [...gaps].sort((a, b) => a - b)[Math.floor(gaps.length / 2)] as number
  const regular = gaps.filter(gap => Math.abs(gap - middle) <= Math.max(250, middle / 10))
  if (middle <= 0 || regular.length < gaps.length * 0.7) return []
  return [found('PING_CLOCK', pings.slice(0, 3).map(({ index }) => index), `${SideName(side)} pings every ${duration(middle)} (${pings.length} pings seen).`, 'It must be shorter than every idle time-out on the way.')]
}
