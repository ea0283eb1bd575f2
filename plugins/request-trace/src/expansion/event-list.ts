// How does a moment become an event? With the values that are known, in the order that `EVENTS` has, where its level is kept.
import type { Levels } from '../rules/rule.ts'
import { AREA_INDEX } from '../rules/rule.ts'
import { EVENTS, LEVELS, type EventName } from '../trace/events.ts'
import type { TraceEvent, Value } from '../trace/trace.ts'

/** What is not known is null or undefined. */
export type Values = Readonly<Record<string, Value | null | undefined>>

/** The events of one trace. */
export class EventList {
  readonly events: TraceEvent[] = []
  readonly #levels: Levels

  constructor (levels: Levels) {
    this.#levels = levels
  }

  add (time: number, name: EventName, values: Values): void {
    const { area, level, data: names } = EVENTS[name]
    // The beginning and the end of a trace are always there.
    if (LEVELS[level] !== LEVELS.General && (this.#levels[AREA_INDEX[area]] as number) < LEVELS[level]) return
    const data: Record<string, Value> = {}
    for (const key of names) {
      const value = values[key]
      if (value !== null && value !== undefined) data[key] = value
    }
    this.events.push({ time: rounded(time), name, data })
  }
}

/** ms with three digits: µs are what the clock has. */
export function rounded (ms: number): number {
  return Math.round(ms * 1_000) / 1_000
}

/** Names and values in turn, as IIS writes a list of headers. */
export function headerLines (headers: readonly string[]): string {
  let lines = ''
  for (let i = 0; i + 1 < headers.length; i += 2) lines += `${headers[i] as string}: ${headers[i + 1] as string}\r\n`
  return lines
}
