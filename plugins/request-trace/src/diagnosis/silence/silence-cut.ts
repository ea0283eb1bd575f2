// Was the WebSocket cut after a time of silence, by which side, and whose time-out is that?
import type { Finding } from '../../trace/trace.ts'
import { found } from '../findings.ts'
import { duration } from '../story/duration.ts'
import { sideName, SideName, type Story } from '../story/story.ts'
import type { TunnelStory } from '../story/tunnel-story.ts'
import { IDLE_TIMES, LIFE_TIMES, limitsAt, type IdleTime } from './idle-times.ts'

/** Less is no silence: a conversation pauses. */
const LEAST = 1_500

export interface Silence {
  readonly ms: number
  /** The last event before it. */
  readonly since: number
  /** The side that cut. */
  readonly side: string
}

/** The silence before an end without a Close; null where there is none, or where the end is the proxy's own. */
export function silenceIn (tunnel: TunnelStory): Silence | null {
  const { closed, closes, endedAt, frames, open, firstEnd } = tunnel
  if (endedAt === null || closes.length > 0 || (closed?.limit ?? '') !== '' || closed?.ending === 'drain') return null
  const side = firstEnd?.side ?? closed?.by ?? ''
  if (side !== 'client' && side !== 'upstream') return null
  const last = frames.filter(({ time }) => time <= endedAt).at(-1) ?? open
  // Frames in the middle are not all kept; the counts of the end know of them.
  const lastAt = closed === null || closed.idle === null ? last.time : Math.min(endedAt, Math.max(last.time, closed.time - closed.idle))
  const ms = endedAt - lastAt
  return ms < LEAST ? null : { ms, since: last.index, side }
}

export function silenceFindings ({ tunnel }: Story): Finding[] {
  if (tunnel === null) return []
  const silence = silenceIn(tunnel)
  const age = tunnel.endedAt === null ? 0 : tunnel.endedAt - tunnel.open.time
  const pinged = tunnel.frames.some(({ opcode }) => opcode === 9)
  if (silence !== null) {
    const { ms, side } = silence
    const limits = limitsAt(IDLE_TIMES, ms)
    const evidence = [silence.since, tunnel.firstEnd?.index, tunnel.closed?.index]
    const place = side === 'client' ? 'the client or something in front of this proxy' : 'the upstream or something between it and this proxy'
    const how = tunnel.firstEnd?.how === 'reset' ? 'reset' : 'cut'
    const findings = [found('SILENCE_CUT', evidence, `The WebSocket was ${how} from the side of ${sideName(side)} after ${duration(ms)} in which nothing passed, without a Close: ${place} has such an idle time-out${namesOf(limits)}.`, `${pingRemedy(ms, side)} Or raise the time-out${settingsOf(limits)}.`)]
    if (!pinged) findings.push(found('NO_PINGS', evidence, `No side pinged in ${duration(age)}.`, pingRemedy(ms, side)))
    return findings
  }
  if (tunnel.endedAt === null || tunnel.closes.length > 0 || (tunnel.closed?.limit ?? '') !== '' || tunnel.closed?.ending === 'drain') return []
  const limits = limitsAt(LIFE_TIMES, age)
  if (limits.length === 0 || tunnel.firstEnd === null) return []
  return [found('AGE_CUT', [tunnel.open.index, tunnel.firstEnd.index], `${SideName(tunnel.firstEnd.side)}'s side cut the WebSocket without a Close when it was ${duration(age)} old, though something passed until then: a limit of its age${namesOf(limits)}.`, `Raise it${settingsOf(limits)}; pings do not help. Or let the proxy close in order before: \`websocket.maxAge\` of upstream-proxy.`)]
}

function namesOf (limits: readonly IdleTime[]): string {
  return limits.length === 0 ? '' : `. ${limits[0]?.seconds ?? 0} s is the default of ${limits.map(({ who }) => who).join(', and of ')}`
}

function settingsOf (limits: readonly IdleTime[]): string {
  return limits.length === 0 ? ' there' : `: ${limits.map(({ who, setting }) => `${who}: ${setting}`).join('; ')}`
}

/** Well within the silence that is cut. */
function pingRemedy (ms: number, side: string): string {
  const interval = Math.max(1_000, Math.floor(ms / 2_000) * 1_000)
  return `Let the proxy ping: \`websocket: { ping: ${side === 'client' ? interval : `{ interval: ${interval}, to: 'upstream' }`} }\` of upstream-proxy, or the application.`
}
