// What does one event look like in XML? As in IIS, element for element.
import { threadId } from 'node:worker_threads'
import { EVENTS, isEventName } from '../../trace/events.ts'
import { shapeOf } from '../../trace/shape.ts'
import type { EventShape, Trace, TraceEvent, Value } from '../../trace/trace.ts'
import { escapeExactly, escapeLines } from './escape-xml.ts'
import { noteOf } from './values.ts'

const EVENT = 'http://schemas.microsoft.com/win/2004/08/events/event'
const TRACE = 'http://schemas.microsoft.com/win/2004/08/events/trace'

/** The latest moment that a Date can hold. */
const LATEST = 8.64e15

/** One event, with the line break behind it. */
export function eventXml (trace: Trace, event: TraceEvent, activity: string): string {
  const shape = shapeOf(event)
  const lines = [
    `<Event xmlns="${EVENT}">`,
    ' <System>',
    `  <Provider Name="${escapeExactly(shape.provider.name)}" Guid="${escapeExactly(shape.provider.guid)}"/>`,
    '  <EventID>0</EventID>',
    '  <Version>1</Version>',
    `  <Level>${shape.level}</Level>`,
    `  <Opcode>${shape.opcode}</Opcode>`,
    `  <Keywords>${escapeExactly(shape.keywords)}</Keywords>`,
    `  <TimeCreated SystemTime="${systemTime(trace.beganAt + event.time)}"/>`,
    `  <Correlation ActivityID="${activity}"/>`,
    `  <Execution ProcessID="${trace.processId}" ThreadID="${threadId}"/>`,
    `  <Computer>${escapeExactly(trace.computer)}</Computer>`,
    ' </System>',
    ' <EventData>',
    `  <Data Name="ContextId">${activity}</Data>`,
    ...valuesOf(event).map(([name, value]) => `  <Data Name="${escapeExactly(name)}">${valueXml(value)}</Data>`),
    ' </EventData>',
    ...renderingInfo(event.name, shape)
  ]
  if (shape.family !== '') {
    lines.push(
      ` <ExtendedTracingInfo xmlns="${TRACE}">`,
      `  <EventGuid>${escapeExactly(shape.family)}</EventGuid>`,
      ' </ExtendedTracingInfo>'
    )
  }
  return `${lines.join('\r\n')}\r\n</Event>\r\n`
}

/** The values in the order of `EVENTS`, and behind them those that it has not. */
export function valuesOf ({ name, data }: TraceEvent): Array<[string, Value]> {
  const known: readonly string[] = isEventName(name) ? EVENTS[name].data : []
  const first = known.filter(one => Object.hasOwn(data, one)).map((one): [string, Value] => [one, data[one] as Value])
  return [...first, ...Object.entries(data).filter(([one]) => !known.includes(one))]
}

function valueXml (value: Value): string {
  return noteOf(value).exact ? escapeExactly(String(value)) : escapeLines(String(value))
}

function renderingInfo (name: string, { areas, descriptions }: EventShape): string[] {
  return [
    ' <RenderingInfo Culture="en-US">',
    `  <Opcode>${escapeExactly(name)}</Opcode>`,
    ...(areas.length === 0 ? [] : ['  <Keywords>', ...areas.map(area => `   <Keyword>${escapeExactly(area)}</Keyword>`), '  </Keywords>']),
    ...Object.entries(descriptions).map(([value, text]) => `  <freb:Description Data="${escapeExactly(value)}">${escapeExactly(text)}</freb:Description>`),
    ' </RenderingInfo>'
  ]
}

function systemTime (time: number): string {
  return new Date(Math.max(-LATEST, Math.min(LATEST, Math.floor(time) || 0))).toISOString()
}
