// What does the XML say, and where does each part of it stand? A tree of elements whose every part knows its place.
import { SaxesParser } from 'saxes'
import { XmlError, problemsError, type Place } from '../errors.ts'

/** The namespace of transforms (`applicationHost.xdt`, `web.Release.config`). */
export const XDT = 'http://schemas.microsoft.com/XML-Document-Transform'

/** The namespace of `xmlns` attributes themselves. */
export const XMLNS = 'http://www.w3.org/2000/xmlns/'

/** Deeper than any schema of IIS, shallow enough for every function that walks the tree by recursion. */
const DEEPEST = 64

/** Elements and attributes of one file; each is a row of the report. The largest files of IIS have some thousands. */
const MOST_PARTS = 200_000

export interface XmlAttribute {
  /** As written, with its prefix. */
  readonly name: string
  readonly local: string
  readonly namespace: string
  value: string
  readonly place: Place
}

export interface XmlElement {
  /** The local name, without a prefix. */
  readonly name: string
  readonly namespace: string
  readonly attributes: Map<string, XmlAttribute>
  readonly children: XmlElement[]
  parent: XmlElement | null
  readonly place: Place
  /** Text that is not white space, directly inside; sections of IIS have none. */
  text: string
  /** Where the first such text ends. */
  textPlace?: Place
}

/**
 * Parses a document. Comments and processing instructions are passed over; entities other than
 * the five of XML do not exist, because a DOCTYPE is refused: no file is opened, nothing is expanded.
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
    // An element without an end is found at the end of the file; where it begins is what helps.
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
    // The parser stands behind the closing quote; the name begins after the white space that follows the part before.
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
    // The parser stands behind the next `<`, or behind the end of the CDATA.
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

/** The most common mistake, in URLs with a query; the parser would take all up to the next `;` for a name. */
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

/** Finds line and column of an offset; the lines are found once. */
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

/** Where an element stands in its document: `/configuration/system.webServer/rewrite/rules/rule[2]`. */
export function pathOf (element: XmlElement): string {
  return pathFinder()(element)
}

/** As `pathOf` for many elements of a tree that stays as it is: what was found once is remembered. */
export function pathFinder (): (element: XmlElement) => string {
  const known = new Map<XmlElement, string>()
  return function find (element: XmlElement): string {
    const { parent, name } = element
    if (parent === null) return `/${name}`
    if (!known.has(element)) {
      const before = find(parent)
      const steps = stepsOf(parent.children)
      for (const [index, child] of parent.children.entries()) known.set(child, `${before}/${steps[index] ?? ''}`)
    }
    return known.get(element) ?? `${find(parent)}/${name}`
  }
}

/** The last step of each element's path: its name, with a number where there are several of that name. */
export function stepsOf (children: readonly XmlElement[]): string[] {
  const counts = new Map<string, number>()
  for (const { name } of children) counts.set(name, (counts.get(name) ?? 0) + 1)
  const met = new Map<string, number>()
  return children.map(({ name }) => {
    if (counts.get(name) === 1) return name
    const number = (met.get(name) ?? 0) + 1
    met.set(name, number)
    return `${name}[${number}]`
  })
}
