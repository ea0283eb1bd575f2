// What is in the XML of a trace? Its root's attributes and its events, as texts.
import { SaxesParser, type SaxesTagNS } from 'saxes'
import { InvalidTraceError } from '../errors.ts'
import { REST } from '../files/xml/rest.ts'
import type { EventShape } from '../trace/trace.ts'

/** One event as its file has it. */
export interface RawEvent {
  readonly name: string
  /** ms since the epoch. */
  readonly at: number
  readonly computer: string
  /** In their order, without IIS's first value, `ContextId`. */
  readonly data: ReadonlyArray<readonly [name: string, text: string]>
  readonly shape: EventShape
}

/** Elements in elements: those of IIS are five. */
const DEEPEST = 32

/** A file of a trace. */
export interface Parsed {
  readonly root: Readonly<Record<string, string | undefined>>
  readonly events: readonly RawEvent[]
  /** What `restXml` has written; null in a file that is not ours. */
  readonly rest: Readonly<Record<string, string | undefined>> | null
}

/** An event while its elements come; texts by the path of their element below `Event`. */
interface Open {
  readonly texts: Map<string, string>
  readonly attributes: Map<string, Record<string, string>>
  readonly data: Array<readonly [string, string]>
  readonly areas: string[]
  readonly descriptions: Array<readonly [string, string]>
}

/**
 * Parses a trace. A DOCTYPE is refused, so that there are no entities but the five of XML. Elements that are not IIS's are passed by.
 *
 * @throws FST_ARR_TRACE_INVALID_FILE
 */
export function parseTrace (text: string): Parsed {
  const parser = new SaxesParser({ xmlns: true, position: true })
  const path: string[] = []
  const events: RawEvent[] = []
  let root: Record<string, string> | null = null
  let rest: Record<string, string> | null = null
  let event: Open | null = null
  let words = ''
  let current: Record<string, string> = {}

  const refuse = (why: string): never => { throw new InvalidTraceError(`line ${parser.line}: ${why}`) }
  parser.on('error', error => refuse(error.message.replace(/^\d+:\d+: /, '')))
  parser.on('doctype', () => refuse('a DOCTYPE is refused'))
  parser.on('opentag', tag => {
    if (path.push(tag.local) > DEEPEST) refuse(`elements are nested more than ${DEEPEST} deep`)
    words = ''
    current = attributes(tag)
    if (root === null) {
      if (tag.local !== 'failedRequest') refuse(`the root is <${tag.name}>, not <failedRequest>`)
      root = current
    } else if (path.length === 2 && tag.local === 'Event') event = { texts: new Map(), attributes: new Map(), data: [], areas: [], descriptions: [] }
    else if (path.length === 2 && tag.local === 'rest' && tag.uri === REST) rest = current
    event?.attributes.set(path.slice(2).join('/'), current)
  })
  const hear = (piece: string): void => { words += piece }
  parser.on('text', hear)
  parser.on('cdata', hear)
  parser.on('closetag', () => {
    const place = path.slice(2).join('/')
    path.pop()
    if (event === null) return
    if (path.length === 1) {
      events.push(rawEvent(event))
      event = null
    } else note(event, place, current, words)
    words = ''
  })

  parser.write(text).close()
  return { root: root ?? {}, events, rest }
}

/** Keeps what an element has said. IIS has the line break of Windows' own text inside the description of an error. */
function note (event: Open, place: string, { Name = '', Data = '' }: Readonly<Record<string, string>>, words: string): void {
  switch (place) {
    case 'EventData/Data': event.data.push([Name, words]); break
    case 'RenderingInfo/Keywords/Keyword': event.areas.push(words); break
    case 'RenderingInfo/Description': event.descriptions.push([Data, words.replace(/\s*[\r\n]\s*/g, ' ')]); break
    default: event.texts.set(place, words)
  }
}

function rawEvent ({ texts, attributes, data, areas, descriptions }: Open): RawEvent {
  const provider = attributes.get('System/Provider')
  return {
    name: texts.get('RenderingInfo/Opcode') ?? texts.get('System/Opcode') ?? '',
    at: Date.parse(attributes.get('System/TimeCreated')?.SystemTime ?? '') || 0,
    computer: texts.get('System/Computer') ?? '',
    data: data[0]?.[0] === 'ContextId' ? data.slice(1) : data,
    shape: {
      provider: { name: provider?.Name ?? '', guid: provider?.Guid ?? '' },
      opcode: Number(texts.get('System/Opcode')) || 0,
      level: Number(texts.get('System/Level')) || 0,
      keywords: texts.get('System/Keywords') ?? '0x0',
      areas,
      family: texts.get('ExtendedTracingInfo/EventGuid') ?? '',
      descriptions: Object.fromEntries(descriptions)
    }
  }
}

function attributes (tag: SaxesTagNS): Record<string, string> {
  return Object.fromEntries(Object.values(tag.attributes).map(({ local, prefix, value }) => [prefix === 'xmlns' ? `xmlns:${local}` : local, value]))
}
