// `<traceAreas>`: which events are recorded?
import type { TraceArea, TraceRule, TraceVerbosity } from '../config/trace-options.ts'
import { collection } from '../reading/collection.ts'
import type { Reading } from '../reading/reading.ts'
import type { XmlElement } from '../xml/element.ts'

/** IIS's areas that request-trace has. */
const AREAS: Readonly<Record<string, TraceArea>> = { requestnotifications: 'RequestNotifications', rewrite: 'Rewrite', requestrouting: 'RequestRouting' }

const VERBOSITIES = {
  General: 'General',
  CriticalError: 'CriticalError',
  Error: 'Error',
  Warning: 'Warning',
  Information: 'Information',
  Verbose: 'Verbose',
  0: 'General',
  1: 'CriticalError',
  2: 'Error',
  3: 'Warning',
  4: 'Information',
  5: 'Verbose'
} as const satisfies Record<string, TraceVerbosity>

/** The source of the events of the server itself. */
const SERVER = /^WWW Server$/i

/** Reads the areas of a rule; undefined for all of them with `Verbose`. */
export function readAreas (reading: Reading, rule: XmlElement): TraceRule['areas'] {
  let areas: TraceRule['areas'] | null = null
  for (const list of rule.children.filter(({ name }) => name === 'traceAreas')) {
    reading.used(list)
    for (const element of collection(reading, list, 'add', 'provider').entries) {
      const provider = reading.required(element, 'provider')
      const own = readProvider(reading, element)
      if (SERVER.test(provider)) areas = own
      else reading.losesAll(element, `${provider} runs inside IIS, and has no events here`)
    }
  }
  if (areas !== null) return areas
  reading.differs(rule, 'it has no areas of WWW Server: all are recorded')
  return undefined
}

function readProvider (reading: Reading, element: XmlElement): TraceRule['areas'] {
  // The schema's default.
  const verbosity = reading.word(element, 'verbosity', VERBOSITIES) ?? 'Warning'
  const names = (reading.text(element, 'areas') ?? '').split(/[,\s]+/).filter(name => name !== '')
  const here = names.length === 0 ? Object.values(AREAS) : names.flatMap(name => AREAS[name.toLowerCase()] ?? [])
  const elsewhere = names.filter(name => AREAS[name.toLowerCase()] === undefined)
  if (elsewhere.length > 0) reading.differs(element.attributes.get('areas'), `nothing here has events of ${elsewhere.join(', ')}; those of WebSockets are recorded as well`)
  if (verbosity === 'Verbose' && Object.values(AREAS).every(area => here.includes(area))) return undefined
  // IIS records the general events whatever the areas are.
  return Object.fromEntries((['General', ...here, 'WebSocket'] as const).map(area => [area, verbosity]))
}
