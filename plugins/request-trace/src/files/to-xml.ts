// What does a trace look like as IIS writes it? One file of Failed Request Tracing, for the tools that read those.
import type { Finding, Trace, TraceEvent } from '../trace/trace.ts'
import { eventXml } from './xml/event-xml.ts'
import { escapeExactly } from './xml/escape-xml.ts'
import { restXml } from './xml/rest.ts'
import { attributesOf, head } from './xml/root.ts'

const END = '</failedRequest>'

/**
 * The trace as one file of IIS's Failed Request Tracing, well-formed whatever clients and upstreams have sent.
 *
 * @param maxSizeKB KiB that the file may have; 0 for no limit. Over it, the last events are left out, and IIS's
 * LOG_FILE_MAX_SIZE_TRUNCATE with their number is the last one. The root and its attributes are always there.
 */
export function toXml (trace: Trace, maxSizeKB: number): string {
  const activity = escapeExactly(attributesOf(trace).activityId ?? '')
  const write = (event: TraceEvent): string => eventXml(trace, event, activity)
  const start = head(trace)
  const findings = trace.findings.map(finding => findingEvent(finding, trace.timeTaken))
  const most = maxSizeKB > 0 ? maxSizeKB * 1024 : Infinity

  const whole = [start, ...trace.events.map(write), ...findings.map(write), restXml(trace, trace.events, findings), END].join('')
  if (Buffer.byteLength(whole) <= most) return whole

  const mark = (skipped: number): TraceEvent => ({ time: trace.timeTaken, name: 'LOG_FILE_MAX_SIZE_TRUNCATE', data: { Skipped: skipped } })
  const bare = Buffer.byteLength(restXml(trace, [], []))
  let left = most - bare - Buffer.byteLength(start + write(mark(trace.events.length)) + END)
  /** Those that fit, from the beginning of the list. */
  const fitting = (events: readonly TraceEvent[]): TraceEvent[] => {
    const end = events.findIndex((event, at) => {
      left -= Buffer.byteLength(write(event)) + Buffer.byteLength(restXml(trace, [event], [])) - bare + placeLength(event, trace.events.length + at)
      return left < 0
    })
    return events.slice(0, end === -1 ? events.length : end)
  }
  // The findings come first: they are what the file is opened for.
  const told = fitting(findings)
  const kept = fitting(trace.events)
  const last = mark(trace.events.length - kept.length)
  return [start, ...[...kept, ...told, last].map(write), restXml(trace, [...kept, last], told), END].join('')
}

/** More room for an event's notes than they had for the first event: each names the event's position, and a space stands before it. */
function placeLength ({ data }: TraceEvent, at: number): number {
  return 1 + Object.keys(data).length * (String(at).length + 1)
}

/** A finding as an event: IIS's viewers list it under "Errors & Warnings". */
function findingEvent ({ code, severity, sentence, evidence, remedy }: Finding, time: number): TraceEvent {
  return { time, name: 'FINDING', data: { Code: code, Severity: severity, Sentence: sentence, Evidence: evidence.join(' '), Remedy: remedy } }
}
