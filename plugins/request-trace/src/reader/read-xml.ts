// What does a file of Failed Request Tracing say? Ours, read back as it was, and IIS's own.
import { IIS_ONLY, ownAttributesOf } from '../files/xml/root.ts'
import { readNotes, type ValueNote } from '../files/xml/values.ts'
import type { Finding, Trace, TraceEvent } from '../trace/trace.ts'
import { parseTrace, type Parsed, type RawEvent } from './parse-trace.ts'
import { traceEvent } from './trace-event.ts'

const NO_NOTE: ValueNote = { text: false, exact: false }

/**
 * Reads a trace. One that `toXml` has written comes back as it was, with U+FFFD for what XML cannot hold and without what was cut. One
 * of IIS's comes with all of its events: those that `EVENTS` has not keep what the file says of them in `shape`.
 *
 * @param id names a trace whose file does not say its name, as IIS's do not: `fr000001`.
 * @throws FST_ARR_TRACE_INVALID_FILE for what is no XML or no trace, with the line of the first mistake.
 */
export function readXml (text: string, id = ''): Trace {
  const parsed = parseTrace(text.startsWith('\uFEFF') ? text.slice(1) : text)
  const { root, rest } = parsed
  const number = (value: string | undefined): number => Number(value ?? 0) || 0
  const status = /^(\d+)(?:\.(\d+))?/.exec(root.statusCode ?? '') ?? []
  const { events, findings } = eventsOf(parsed)
  const trace: Trace = {
    id: rest?.id ?? id,
    siteId: number(root.siteId),
    siteName: rest?.siteName ?? '',
    url: root.url ?? '',
    verb: root.verb ?? '',
    httpVersion: rest?.httpVersion ?? '',
    client: rest?.client ?? clientIn(events),
    beganAt: number(rest?.beganAt) || beganAt(parsed.events),
    timeTaken: number(rest?.timeTaken ?? root.timeTaken),
    status: rest === null ? number(status[1]) || null : rest.status === '' ? null : number(rest.status),
    subStatus: number(rest?.subStatus ?? status[2]),
    failureReason: root.failureReason ?? '',
    trigger: rest?.trigger ?? (root.triggerStatusCode === '0' ? '' : root.triggerStatusCode ?? ''),
    logId: rest?.logId ?? logIdIn(events),
    processId: number(root.processId),
    computer: rest?.computer ?? parsed.events[0]?.computer ?? '',
    events,
    lost: number(rest?.lost),
    findings
  }
  const iis = Object.fromEntries(IIS_ONLY.filter(name => root[name] !== undefined).map(name => [name, root[name] as string]))
  return isOwn(trace, iis) ? trace : { ...trace, iis }
}

/** The events and, for a trace of ours, its findings: they are events in the file alone. */
function eventsOf ({ events, rest }: Parsed): { events: TraceEvent[], findings: Finding[] } {
  const count = rest === null ? 0 : Number(rest.findings) || 0
  const end = count > 0 && events.at(-1)?.name === 'LOG_FILE_MAX_SIZE_TRUNCATE' ? events.length - 1 : events.length
  const first = Math.max(0, end - count)
  const times = rest?.times?.split(' ').map(Number) ?? []
  const notes = readNotes(rest?.notes ?? '')
  const began = beganAt(events)
  const told = [...events.slice(0, first), ...events.slice(end)]
  const read = (event: RawEvent, at: number): TraceEvent => traceEvent(event, times[at] ?? event.at - began, position => notes.get(`${at}.${position}`) ?? NO_NOTE)
  return {
    events: told.map(read),
    findings: events.slice(first, end).map((event, at) => finding(read(event, told.length + at)))
  }
}

function finding ({ data }: TraceEvent): Finding {
  const { Code = '', Severity, Sentence = '', Evidence = '', Remedy = '' } = Object.fromEntries(Object.entries(data).map(([name, value]) => [name, String(value)]))
  return {
    code: Code,
    severity: Severity === 'error' || Severity === 'information' ? Severity : 'warning',
    sentence: Sentence,
    evidence: Evidence === '' ? [] : Evidence.split(' ').map(Number),
    remedy: Remedy
  }
}

function beganAt (events: readonly RawEvent[]): number {
  return events[0]?.at ?? 0
}

function clientIn (events: readonly TraceEvent[]): string {
  const { RemoteAddress = '', RemotePort = '' } = events.find(({ name }) => name === 'GENERAL_ENDPOINT_INFORMATION')?.data ?? {}
  if (RemoteAddress === '') return ''
  return String(RemoteAddress).includes(':') ? `[${RemoteAddress}]:${RemotePort}` : `${RemoteAddress}:${RemotePort}`
}

/** What ARR has sent to the upstream as the exchange's name. */
function logIdIn (events: readonly TraceEvent[]): string {
  const set = events.find(({ name, data }) => name === 'GENERAL_SET_REQUEST_HEADER' && String(data.HeaderName).toUpperCase() === 'X-ARR-LOG-ID')
  return String(set?.data.HeaderValue ?? '')
}

/** True where the root's attributes are those that a trace of ours has. */
function isOwn (trace: Trace, iis: Readonly<Record<string, string>>): boolean {
  const own = ownAttributesOf(trace)
  return IIS_ONLY.every(name => own[name] === iis[name])
}
