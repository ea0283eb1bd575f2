// The mark of each part of a file, the strongest it was given, and its row in the report.
import type { Door } from '../access/doors.ts'
import { XDT, XMLNS, type Part, type XmlAttribute, type XmlElement } from '../xml/element.ts'
import { stepsOf } from '../xml/path.ts'
import type { Class, Row, Status } from './report.ts'

/** A part's status, with the fields of its row that explain it. */
export interface Mark {
  readonly status: Status
  readonly note?: string
  readonly advice?: string
  readonly section?: Door
  readonly open?: boolean
  /** Whether the value is no more than IIS's default. */
  readonly byDefault?: true
}

/** The order of strength. */
const RANK = { used: 0, difference: 1, unsupported: 2, closes: 3 } as const satisfies Record<Status, number>

/** The class of a status. */
const CLASSES = { used: 'same', difference: 'differently', unsupported: 'missing', closes: 'door' } as const satisfies Record<Status, Class>

/** Names of attributes whose values are not repeated. */
const SECRET = /password|secret/i

/** The marks of one reading. A part without a mark was not read: its row says that it is not supported. */
export class Marks {
  readonly #marks = new Map<Part, Mark>()
  /** Names of attributes that were looked up, by element name: they tell a name with wrong case from an unknown one. */
  readonly #asked = new Map<string, Set<string>>()

  /** Marks a part. A weaker mark than the present one is ignored, an equal one adds its note. */
  mark (part: Part, mark: Mark): void {
    const before = this.#marks.get(part)
    if (before === undefined || RANK[mark.status] > RANK[before.status]) this.#marks.set(part, mark)
    else if (before.status === mark.status && mark.note !== undefined && before.note?.includes(mark.note) !== true) {
      this.#marks.set(part, { ...mark, note: before.note === undefined ? mark.note : `${before.note}; ${mark.note}` })
    }
  }

  /** Remembers that elements of this name have this attribute. */
  asked (element: XmlElement, name: string): void {
    let names = this.#asked.get(element.name)
    if (names === undefined) this.#asked.set(element.name, names = new Set())
    names.add(name)
  }

  /** The rows of an element, its attributes and everything inside it. */
  allRows (element: XmlElement, path: string): Row[] {
    const steps = stepsOf(element.children)
    return [...this.ownRows(element, path), ...element.children.flatMap((child, index) => this.allRows(child, `${path}/${steps[index] ?? ''}`))]
  }

  /** The rows of an element and its attributes. */
  ownRows (element: XmlElement, path: string): Row[] {
    const unknown = `<${element.name}> is not an element URL Rewrite, ARR or IIS know at this place`
    const rows = [this.#row(element, path, () => unknown)]
    for (const attribute of element.attributes.values()) {
      if (attribute.namespace === XMLNS) this.mark(attribute, { status: 'used' })
      rows.push(this.#row(attribute, `${path}/@${attribute.name}`, () => this.#marks.has(element) ? this.#unknown(element, attribute) : unknown))
    }
    return rows
  }

  /** The row of a part that is no longer in the tree. */
  looseRow (part: Part, path: string): Row {
    return this.#row(part, path, () => 'has no effect')
  }

  #row (part: Part, path: string, unknown: () => string): Row {
    const { byDefault, ...mark }: Mark = this.#marks.get(part) ?? { status: 'unsupported', note: unknown() }
    return {
      ...part.place,
      part: 'value' in part ? 'attribute' : 'element',
      path,
      name: part.name,
      ...'value' in part ? { value: shown(part) } : keyOf(part),
      ...mark,
      class: byDefault === true ? 'default' : CLASSES[mark.status]
    }
  }

  #unknown (element: XmlElement, attribute: XmlAttribute): string {
    if (attribute.namespace === XDT) return 'a transform is not applied here'
    const wanted = attribute.name.toLowerCase()
    const twin = [...this.#asked.get(element.name) ?? []].find(name => name.toLowerCase() === wanted)
    return `<${element.name}> has no attribute ${attribute.name}` +
      (twin === undefined || twin === attribute.name ? ' at this place; IIS would refuse the file (500.19)' : `: names are case-sensitive, write ${twin}`)
  }
}

/** The attributes that tell an element from others of its name, in the order in which they are looked for. */
const KEYS = ['name', 'key', 'path', 'address', 'bindingInformation', 'statusCode', 'fileExtension', 'ipAddress', 'domainName', 'segment', 'sequence', 'verb', 'wildcard', 'value', 'input', 'url']

/** The attribute that tells an element from others of its name, as it is written. */
function keyOf ({ attributes }: XmlElement): { key?: string } {
  const name = KEYS.find(one => attributes.has(one))
  const attribute = name === undefined ? undefined : attributes.get(name)
  return attribute === undefined ? {} : { key: `${attribute.name}="${shown(attribute)}"` }
}

/** A value as a row has it: cut, and hidden where it is a secret. */
function shown ({ name, value }: XmlAttribute): string {
  if (SECRET.test(name)) return '…'
  return value.length > 120 ? `${value.slice(0, 119)}…` : value
}
