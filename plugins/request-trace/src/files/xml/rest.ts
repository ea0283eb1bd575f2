// What of a trace has no place in IIS's shape? One empty element of a namespace of ours, last in the root: what reads IIS's traces passes it by.
import type { Trace, TraceEvent } from '../../trace/trace.ts'
import { valuesOf } from './event-xml.ts'
import { escapeExactly } from './escape-xml.ts'
import { noteOf, writeNotes, type ValueNote } from './values.ts'

/** The namespace of the element `rest`. */
export const REST = 'urn:fastify-arr:trace'

/** The element, with the line break behind it. `findings` are written as events, too; the notes count them behind the others. */
export function restXml (trace: Trace, events: readonly TraceEvent[], findings: readonly TraceEvent[]): string {
  const attributes: Record<string, string> = {
    id: trace.id,
    siteName: trace.siteName,
    httpVersion: trace.httpVersion,
    client: trace.client,
    computer: trace.computer,
    beganAt: String(trace.beganAt),
    timeTaken: String(trace.timeTaken),
    status: trace.status === null ? '' : String(trace.status),
    subStatus: String(trace.subStatus),
    trigger: trace.trigger,
    logId: trace.logId,
    lost: String(trace.lost),
    findings: String(findings.length),
    times: events.map(({ time }) => time).join(' '),
    notes: writeNotes(notesOn([...events, ...findings]))
  }
  const written = Object.entries(attributes).map(([name, value]) => `${name}="${escapeExactly(value)}"`)
  return `<rest xmlns="${REST}" ${written.join(' ')}/>\r\n`
}

/** The values whose text does not show all, by the positions of the event and of the value. */
function notesOn (events: readonly TraceEvent[]): Map<string, ValueNote> {
  const notes = new Map<string, ValueNote>()
  for (const [at, event] of events.entries()) {
    for (const [position, [, value]] of valuesOf(event).entries()) {
      const note = noteOf(value)
      if (note.text || note.exact) notes.set(`${at}.${position}`, note)
    }
  }
  return notes
}
