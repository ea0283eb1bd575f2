// Failed Request Tracing, which no plugin does: the report says so.
import type { Reading } from '../reading/reading.ts'
import type { XmlElement } from '../xml/element.ts'

const NO_TRACES = 'failed requests are not traced'
const ADVICE = 'the log tells what failed and why; url-rewrite tells its rules on diagnostics_channel'

/** `<tracing><traceFailedRequests>`: which requests are traced. */
export function readTraceRules (reading: Reading, element: XmlElement): void {
  if (element.children.every(child => child.name === 'clear' || child.name === 'remove')) reading.usedAll(element, 'nothing is traced')
  else reading.losesAll(element, NO_TRACES, ADVICE)
}

/** `<traceFailedRequestsLogging>`: whether a site traces at all. */
export function readTraceSwitch (reading: Reading, element: XmlElement): void {
  if (reading.flag(element, 'enabled') === true) reading.losesAll(element, NO_TRACES, ADVICE)
  else reading.usedAll(element, 'tracing is off, as it is here')
}
