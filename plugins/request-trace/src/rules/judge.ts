// Is the trace of this exchange written? The triggers of its rule, asked when a WebSocket opens and when an exchange has ended.
import type { FailureReason } from '../trace/trace.ts'
import { named, namesCode } from './numbers.ts'
import type { CompiledRule, CompiledTrigger } from './rule.ts'

/** What the triggers look at. */
export interface Judged {
  /** What the client got, or would have got. */
  readonly status: number
  readonly subStatus: number
  /** ms; of a WebSocket, its handshake. */
  readonly time: number
  /** The level of the worst event; 0 for none. */
  readonly worst: number
  /** Whether the request has the rule's secret. */
  readonly asked: boolean
  /** A WebSocket that has ended; null while it is open, and where there was none. */
  readonly ended: EndedWebSocket | null
  /** A WebSocket was asked for, and none opened; false before the exchange's end. */
  readonly refused: boolean
}

/** A WebSocket at its end. */
export interface EndedWebSocket {
  /** Null where there was no Close frame. */
  readonly code: number | null
  readonly ending: string | null
  /** ms since its 101. */
  readonly life: number
  readonly upstreamSpoke: boolean
}

/** Why the trace is written, and the status that was named; null where it is not. */
export interface Verdict {
  readonly reason: FailureReason
  readonly trigger: string
}

/** The first trigger that is met, in the order of the options. A sample is drawn by whoever asks. */
export function judge (rule: CompiledRule, seen: Judged): Verdict | null {
  if (seen.asked) return { reason: 'ON_DEMAND', trigger: '' }
  const status = rule.statusCodes === null ? null : named(rule.statusCodes, seen.status, seen.subStatus)
  if (status !== null) return { reason: 'STATUS_CODE', trigger: status }
  if (seen.time > rule.timeTaken) return { reason: 'TIME_TAKEN', trigger: '' }
  if (seen.worst > 0 && seen.worst <= rule.verbosity) return { reason: 'VERBOSITY', trigger: '' }
  if (rule.webSocket !== null && meets(rule.webSocket, seen)) return { reason: 'WEBSOCKET_ENDING', trigger: '' }
  return rule.always ? { reason: 'SAMPLE', trigger: '' } : null
}

function meets (trigger: CompiledTrigger, { ended, refused }: Judged): boolean {
  if (ended === null) return trigger.refused && refused
  return (trigger.closeCodes !== null && namesCode(trigger.closeCodes, ended.code)) ||
    (ended.ending !== null && trigger.endings.has(ended.ending)) ||
    ended.life < trigger.shorterThan ||
    (trigger.neverSpoke && !ended.upstreamSpoke)
}
