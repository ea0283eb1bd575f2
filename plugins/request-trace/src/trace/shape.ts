// What is an event, apart from its name and its values? From the table of events, or from the file that it was read from.
import { AREAS, EVENTS, FAMILIES, isEventName, LEVELS, PROVIDERS } from './events.ts'
import { descriptionsOf } from './descriptions.ts'
import type { EventShape, TraceEvent } from './trace.ts'

/** An event of a name that is in no table, and of no file. */
const UNKNOWN: EventShape = { provider: PROVIDERS.ours, opcode: 0, level: LEVELS.Information, keywords: '0x0', areas: [], family: FAMILIES.Proxy, descriptions: {} }

const SEVERITIES: Readonly<Record<string, number>> = { error: LEVELS.Error, warning: LEVELS.Warning, information: LEVELS.Information }

/** What an event is: as its file says or, for those of ours, as `EVENTS` says. */
export function shapeOf (event: TraceEvent): EventShape {
  return event.shape ?? ownShapeOf(event)
}

/** What `EVENTS` says of an event, whatever its file said. */
export function ownShapeOf ({ name, data }: Pick<TraceEvent, 'name' | 'data'>): EventShape {
  if (!isEventName(name)) return UNKNOWN
  const { provider, opcode, level, area, family } = EVENTS[name]
  const bits = AREAS[area]
  return {
    provider: PROVIDERS[provider],
    opcode,
    level: name === 'FINDING' ? SEVERITIES[String(data.Severity)] ?? LEVELS.Warning : LEVELS[level],
    keywords: `0x${bits.toString(16).toUpperCase()}`,
    areas: bits === 0 ? [] : [area],
    family: FAMILIES[family],
    descriptions: descriptionsOf(name, data)
  }
}
