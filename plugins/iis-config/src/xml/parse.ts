// XML text in, a tree of elements out; every element and attribute keeps its line and column.
import { SaxesParser } from 'saxes'
import { XmlError, problemsError, type Place } from '../errors.ts'
import type { XmlAttribute, XmlElement } from './element.ts'

/** The limit of nesting: deeper than any schema of IIS, shallow enough for recursive functions not to overflow the stack. */
const DEEPEST = 64

/** The limit of elements and attributes in one file: each is a row of the report. The largest files of IIS have a few thousand. */
const MOST_PARTS = 200_000

/**
 * Parses a document. Comments and processing instructions are skipped. A DOCTYPE is refused, so that there are
 * no entities but the five of XML: no external file is opened, nothing is expanded.
 *
 * @throws `FST_ARR_IIS_CONFIG_INVALID_XML` at the first mistake, with its line.
 */
export function parseXml (text: string, file: string): XmlElement {
  const placeOf = placesIn(text, file)
  const parser = new SaxesParser({ xmlns: true, position: true })
  let root: XmlElement | null = null
  let open: XmlElement | null = null
  let start = placeOf(0)
  let depth = 0
  let cursor = 0
  let parts = 0
  let attributePlaces = new Map<string, Place>()

  parser.on('error', error => {
    const ampersand = bareAmpersand(text)
    if (ampersand !== -1 && ampersand < parser.position) {
      throw problemsError(XmlError, [{ ...placeOf(ampersand), message: 'not well-formed XML: an & by itself; write &amp;' }])
    }
    const message = error.message.replace(/^\d+:\d+: /, '').replace(/\.$/, '')
    // The parser finds an unclosed element only at the end of the file; the place where it begins helps more.
    const place = message.startsWith('unclosed tag') && open !== null ? open.place : placeOf(Math.max(0, parser.position - 1))
    throw problemsError(XmlError, [{ ...place, message: `not well-formed XML: ${message}` }])
  })
  parser.on('doctype', () => {
    throw problemsError(XmlError, [{
      ...placeOf(Math.max(0, text.lastIndexOf('<!DOCTYPE', parser.position))),
      message: 'a DOCTYPE is refused: IIS has none, and entities are a way to attack a reader; delete it'
    }])
  })
  parser.on('opentagstart', () => {
    cursor = parser.position
    start = placeOf(text.lastIndexOf('<', cursor - 1))
    attributePlaces = new Map()
    if (++depth > DEEPEST) {
      throw problemsError(XmlError, [{ ...start, message: `elements are nested more than ${DEEPEST} deep` }])
    }
    count()
  })
  parser.on('attribute', attribute => {
    count()
    // The parser's position is behind the closing quote; the name begins after the white space behind the previous part.
    while (cursor < parser.position && ' \t\r\n'.includes(text[cursor] as string)) cursor++
    attributePlaces.set(attribute.name, placeOf(cursor))
    cursor = parser.position
  })
  parser.on('opentag', tag => {
    const attributes = new Map<string, XmlAttribute>()
    for (const { name, local, uri, value } of Object.values(tag.attributes)) {
      attributes.set(name, { name, local, namespace: uri, value, place: attributePlaces.get(name) ?? start })
    }
    const element: XmlElement = { name: tag.local, namespace: tag.uri, attributes, children: [], parent: open, place: start, text: '' }
    open?.children.push(element)
    root ??= element
    open = element
  })
  parser.on('closetag', () => {
    depth--
    open = open?.parent ?? null
  })
  const count = (): void => {
    if (++parts > MOST_PARTS) throw problemsError(XmlError, [{ ...start, message: `the file has more than ${MOST_PARTS} elements and attributes` }])
  }
  const keep = (piece: string): void => {
    const words = piece.trim()
    if (open === null || words === '') return
    open.text += words
    // The parser's position is behind the next `<`, or behind the end of the CDATA.
    let last = parser.position - 2
    while (' \t\r\n'.includes(text[last] as string)) last--
    open.textPlace ??= placeOf(last)
  }
  parser.on('text', keep)
  parser.on('cdata', keep)

  parser.write(text).close()
  if (root === null) throw problemsError(XmlError, [{ ...placeOf(0), message: 'the file is empty' }])
  return root
}

/** Finds the first `&` that starts no entity, the most common mistake (URLs with a query). The parser would read an entity name up to the next `;`. */
function bareAmpersand (text: string): number {
  const marks = /<!--|<!\[CDATA\[|&(?:[\w:.-]{1,64}|#\d{1,8}|#x[\da-fA-F]{1,8});|&/g
  for (let mark = marks.exec(text); mark !== null; mark = marks.exec(text)) {
    if (mark[0] === '&') return mark.index
    if (mark[0].startsWith('&')) continue
    const end = text.indexOf(mark[0] === '<!--' ? '-->' : ']]>', marks.lastIndex)
    if (end === -1) return -1
    marks.lastIndex = end
  }
  return -1
}

/** Gives a function from offset to line and column; the line starts are computed once. */
function placesIn (text: string, file: string): (offset: number) => Place {
  const starts = [0]
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1)
  return offset => {
    let low = 0
    let high = starts.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((starts[middle] as number) <= offset) low = middle
      else high = middle - 1
    }
    return { file, line: low + 1, column: offset - (starts[low] as number) + 1 }
  }
}
