// What is a trace? One exchange as events in their order: plain data, which is written, read back and shown.
import type { EventName } from './events.ts'

/** A value of an event. Header lists are texts of `Name: value` lines that end in CR LF, as in IIS. */
export type Value = string | number | boolean

/** One moment of an exchange. */
export interface TraceEvent {
  /** ms since the exchange began. */
  readonly time: number
  /** One of `EVENTS`; in a trace of IIS's, also any other of its events. */
  readonly name: EventName | (string & {})
  /** The values by the names that `EVENTS` has for this event, in that order; what is not known is left out. */
  readonly data: Readonly<Record<string, Value>>
  /** What its file says of it where that is not what `EVENTS` says; `shapeOf` gives one or the other. */
  readonly shape?: EventShape
}

/** What an event is, apart from its name and its values: as in its file. */
export interface EventShape {
  readonly provider: { readonly name: string, readonly guid: string }
  readonly opcode: number
  /** IIS's verbosity: 0 General, 1 CriticalError, 2 Error, 3 Warning, 4 Information, 5 Verbose. */
  readonly level: number
  /** The bits of its areas, in hexadecimal: `0x100`. */
  readonly keywords: string
  /** The names of these areas. */
  readonly areas: readonly string[]
  /** The GUID of its family; empty where it has none. */
  readonly family: string
  /** What values mean, by their names: `The operation completed successfully. (0x0)`. */
  readonly descriptions: Readonly<Record<string, string>>
}

/** Why there is a trace, with IIS's words where it has them. `FOLLOWED`: somebody looks at it as it happens, and it is not written. */
export type FailureReason = 'STATUS_CODE' | 'TIME_TAKEN' | 'WEBSOCKET_ENDING' | 'ON_DEMAND' | 'VERBOSITY' | 'SAMPLE' | 'FOLLOWED'

/** One traced exchange. All secrets are already redacted. */
export interface Trace {
  /** E.g. `fr000001`. */
  readonly id: string
  /** As in `W3SVC1`. */
  readonly siteId: number
  readonly siteName: string
  /** Absolute, with its port and its query. */
  readonly url: string
  readonly verb: string
  /** What the client speaks: `1.0`, `1.1`, `2`. */
  readonly httpVersion: string
  /** Of the client, as `address:port`. */
  readonly client: string
  /** ms since the epoch. */
  readonly beganAt: number
  /** ms, the life of a WebSocket counted in. */
  readonly timeTaken: number
  /** What the client got; null where it got nothing. */
  readonly status: number | null
  readonly subStatus: number
  /** One of ours; in a trace of IIS's, whatever it says. */
  readonly failureReason: FailureReason | (string & {})
  /** The status that the rule was met by, e.g. `502.3`; empty where it was not a status. */
  readonly trigger: string
  /** Names the exchange in the log and in the upstream's: X-ARR-LOG-ID; empty where no upstream was asked. */
  readonly logId: string
  readonly processId: number
  readonly computer: string
  readonly events: readonly TraceEvent[]
  /** How many events were not kept, for want of room. */
  readonly lost: number
  /** Kept here only: `events` has none of them. The XML writes each as an event `FINDING`. */
  readonly findings: readonly Finding[]
  /** Of a trace of IIS's: the attributes of its root that have no place here, such as `appPoolId` and `activityId`. */
  readonly iis?: Readonly<Record<string, string>>
}

/** What a trace shows to be wrong, or worth knowing. */
export interface Finding {
  /** Stable, e.g. `EXTENSION_NOT_OFFERED`. */
  readonly code: string
  readonly severity: 'error' | 'warning' | 'information'
  /** What happened, in one sentence. */
  readonly sentence: string
  /** Indexes into `events`. */
  readonly evidence: readonly number[]
  /** What to do. */
  readonly remedy: string
}
