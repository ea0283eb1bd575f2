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

  const whole = [start, ...trace.events.map(write), ...findings.map(write), restXml(trace, trace.events, findings.length), END].join('')
  if (Buffer.byteLength(whole) <= most) return whole

  const cut = (skipped: number): TraceEvent => ({ time: trace.timeTaken, name: 'LOG_FILE_MAX_SIZE_TRUNCATE', data: { Skipped: skipped } })
  let left = most - Buffer.byteLength(start + write(cut(trace.events.length)) + restXml(trace, [cut(trace.events.length)], findings.length) + END)
  /** Those of the list that fit, from its beginning. */
  const fitting = (events: readonly TraceEvent[], rest: (event: TraceEvent, at: number) => number): TraceEvent[] => {
    const kept: TraceEvent[] = []
    for (const [at, event] of events.entries()) {
      left -= Buffer.byteLength(write(event)) + rest(event, at)
      if (left < 0) break
      kept.push(event)
    }
    return kept
  }
  // The findings come first: they are what the file is opened for.
  const told = fitting(findings, () => 0)
  const bare = Buffer.byteLength(restXml(trace, [], 0))
  const kept = fitting(trace.events, (event, at) => Buffer.byteLength(restXml(trace, [event], 0)) - bare + placeLength(event, at))
  const last = cut(trace.events.length - kept.length)
  return [start, ...[...kept, ...told, last].map(write), restXml(trace, [...kept, last], told.length), END].join('')
}

/** More room for an event's notes than they had for the first event: each names the event's position, and a space stands before it. */
function placeLength ({ data }: TraceEvent, at: number): number {
  return 1 + Object.keys(data).length * (String(at).length + 1)
}

/** A finding as an event: IIS's viewers list it under "Errors & Warnings". */
function findingEvent ({ code, severity, sentence, evidence, remedy }: Finding, time: number): TraceEvent {
  return { time, name: 'FINDING', data: { Code: code, Severity: severity, Sentence: sentence, Evidence: evidence.join(' '), Remedy: remedy } }
}
