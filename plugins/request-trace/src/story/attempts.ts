// Which servers were asked, and what became of each attempt?
import type { EventName } from '../trace/events.ts'
import { headerLines, type HeaderLine } from '../trace/handshake.ts'
import type { Trace, TraceEvent, Value } from '../trace/trace.ts'

/** One attempt to have an exchange answered by an upstream. Times are ms since the exchange began; null for what did not happen. */
export interface Attempt {
  readonly server: string
  readonly began: number
  /** The connection was there and the request's head was sent. */
  readonly sentAt: number | null
  /** How long each step took, ms; null for one that was not needed, or is not known. */
  readonly lookup: number | null
  readonly connect: number | null
  readonly secure: number | null
  readonly reused: boolean
  readonly local: string
  readonly remote: string
  readonly tls: string
  /** The head as it was sent, with its request line where there is one. */
  readonly head: string | null
  readonly answer: { readonly at: number, readonly status: number, readonly reason: string, readonly headers: readonly HeaderLine[] } | null
  readonly failure: { readonly at: number, readonly code: string, readonly moment: string, readonly systemCode: string } | null
}

/** The events that tell of attempts. */
const TELLING: readonly string[] = ['ATTEMPT_START', 'ATTEMPT_CONNECTED', 'ATTEMPT_FAILED', 'ARR_REQUEST_HEADERS_START', 'ARR_RESPONSE_HEADERS_END'] satisfies EventName[]

/** The attempts of a trace, in their order. */
export function attemptsOf (trace: Trace): Attempt[] {
  const groups: TraceEvent[][] = []
  for (const event of trace.events) {
    if (!TELLING.includes(event.name)) continue
    if (event.name === 'ATTEMPT_START' || groups.length === 0) groups.push([])
    groups.at(-1)?.push(event)
  }
  return groups.map(attempt)
}

function attempt (events: readonly TraceEvent[]): Attempt {
  const find = (name: EventName): TraceEvent | undefined => events.find(event => event.name === name)
  const connected = find('ATTEMPT_CONNECTED')
  const sent = find('ARR_REQUEST_HEADERS_START')
  const answer = find('ARR_RESPONSE_HEADERS_END')
  const failed = find('ATTEMPT_FAILED')
  const { LookupTime, ConnectTime, SecureTime, Reused, Local, Remote, TlsVersion, Cipher } = connected?.data ?? {}
  const steps = [number(LookupTime), number(ConnectTime), number(SecureTime)] as const
  return {
    server: text(events.map(({ data }) => data.Server).find(server => server !== undefined)),
    began: events[0]?.time ?? 0,
    sentAt: sent?.time ?? connected?.time ?? null,
    lookup: steps[0],
    connect: since(steps[1], steps[0]),
    secure: since(steps[2], steps[1] ?? steps[0]),
    reused: Reused === true,
    local: text(Local),
    remote: text(Remote),
    tls: [text(TlsVersion), text(Cipher)].filter(word => word !== '').join(' '),
    head: sent?.data.Headers === undefined ? null : text(sent.data.Headers),
    answer: answer === undefined
      ? null
      : { at: answer.time, status: number(answer.data.HttpStatus) ?? 0, reason: text(answer.data.HttpReason), headers: headerLines(answer.data.Headers) },
    failure: failed === undefined
      ? null
      : { at: failed.time, code: text(failed.data.Code), moment: text(failed.data.Moment), systemCode: text(failed.data.SystemCode) }
  }
}

/** The moments are counted from the beginning of the attempt: how long it was from one to the next. */
function since (moment: number | null, before: number | null): number | null {
  return moment === null ? null : Math.max(0, moment - (before ?? 0))
}

function number (value: Value | undefined): number | null {
  const read = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  return typeof read === 'number' && Number.isFinite(read) ? read : null
}

function text (value: Value | undefined): string {
  return String(value ?? '')
}
