// What is an event of a file as an event of a trace?
import { isDeepStrictEqual } from 'node:util'
import { valueOf, type ValueNote } from '../files/xml/values.ts'
import { ownShapeOf } from '../trace/shape.ts'
import type { TraceEvent, Value } from '../trace/trace.ts'
import type { RawEvent } from './parse-trace.ts'

/** The event; `shape` is kept only where it is not what `EVENTS` says. */
export function traceEvent (raw: RawEvent, time: number, noteOn: (position: number) => ValueNote): TraceEvent {
  const data = Object.fromEntries(raw.data.map(([name, text], position): [string, Value] => [name, value(text, noteOn(position))]))
  const event = { time, name: raw.name, data }
  return isDeepStrictEqual(ownShapeOf(event), raw.shape) ? event : { ...event, shape: raw.shape }
}

/** XML has one line break, LF; in a trace it stands for CR LF, as in IIS's lists of headers, unless there is a note. */
function value (text: string, { text: isText, exact }: ValueNote): Value {
  const lines = exact ? text : text.replace(/\r?\n/g, '\r\n')
  return isText ? lines : valueOf(lines)
}
