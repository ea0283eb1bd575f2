// How is a value taken out of the tree so that nothing is lost in silence? Each part is marked when it is read; what stays unmarked is reported.
import type { Problem } from './errors.ts'
import type { Mistake, Row, Status, UnreadSection } from './report.ts'
import { XDT, XMLNS, pathFinder, pathOf, stepsOf, type XmlAttribute, type XmlElement } from './xml.ts'

type Part = XmlElement | XmlAttribute

interface Mark {
  readonly status: Status
  readonly note?: string
  readonly advice?: string
}

const RANK = { used: 0, difference: 1, unsupported: 2 } as const satisfies Record<Status, number>

const SECRET = /password|secret|hash$/i

/** One reading of one or more files: the marks, the problems, the mistakes. */
export class Reading {
  readonly problems: Problem[] = []
  readonly sections: UnreadSection[] = []
  readonly mistakes: Mistake[] = []
  readonly #containers: XmlElement[] = []
  readonly #loose: { readonly part: Part, readonly path: string }[] = []
  readonly #marks = new Map<Part, Mark>()
  readonly #origins = new WeakMap<object, readonly XmlElement[]>()
  /** Attribute names asked for, by element name: the source of "did you mean". */
  readonly #asked = new Map<string, Set<string>>()

  /** Marks an element that only holds sections; its sections make their own rows. */
  container (element: XmlElement): void {
    this.used(element)
    this.#containers.push(element)
  }

  /** Marks parts as used as IIS uses them. */
  used (...parts: readonly (Part | undefined)[]): void {
    for (const part of parts) if (part !== undefined) this.#mark(part, { status: 'used' })
  }

  /** Marks a whole subtree as used, attributes too, with a note on why it has no further effect. */
  usedAll (element: XmlElement, note: string): void {
    for (const part of [element, ...element.attributes.values()]) this.#mark(part, { status: 'used', note })
    for (const child of element.children) this.usedAll(child, note)
  }

  /** Marks a part as used with a difference. */
  differs (part: Part | undefined, note: string, advice?: string): void {
    if (part !== undefined) this.#mark(part, { status: 'difference', note, ...advice !== undefined && { advice } })
  }

  /** Marks a whole subtree as used with a difference, attributes too. */
  differsAll (element: XmlElement, note: string): void {
    for (const part of [element, ...element.attributes.values()]) this.differs(part, note)
    for (const child of element.children) this.differsAll(child, note)
  }

  /** Marks a part as not supported. */
  loses (part: Part | undefined, note: string, advice?: string): void {
    if (part !== undefined) this.#mark(part, { status: 'unsupported', note, ...advice !== undefined && { advice } })
  }

  /** Marks a whole subtree, attributes too, where nothing in it was marked more strongly. */
  losesAll (element: XmlElement, note: string, advice?: string): void {
    this.loses(element, note, advice)
    for (const attribute of element.attributes.values()) this.loses(attribute, note)
    for (const child of element.children) this.losesAll(child, note)
  }

  /** Remembers which element a part of the options was made of. */
  made<T extends object> (part: T, element: XmlElement): T {
    this.#origins.set(part, [...this.#origins.get(part) ?? [], element])
    return part
  }

  /** The rows of the elements a part of the options was made of, and of what is inside them. */
  rowsOf (part: object): Row[] {
    return (this.#origins.get(part) ?? []).flatMap(element => this.#allRows(element, pathOf(element)))
  }

  problem (part: Part, message: string): void {
    this.problems.push({ ...part.place, message })
  }

  mistake (code: string, part: Part, message: string): void {
    this.mistakes.push({ ...part.place, code, message })
  }

  /** The attribute itself; not yet marked. */
  attribute (element: XmlElement, name: string): XmlAttribute | undefined {
    let names = this.#asked.get(element.name)
    if (names === undefined) this.#asked.set(element.name, names = new Set())
    names.add(name)
    return element.attributes.get(name)
  }

  /** An attribute's text, marked as used. */
  text (element: XmlElement, name: string): string | undefined {
    const attribute = this.attribute(element, name)
    this.used(attribute)
    return attribute?.value
  }

  /** As `text`, where IIS demands a value: its absence is a problem. */
  required (element: XmlElement, name: string): string {
    const value = this.text(element, name)
    if (value === undefined || value === '') this.problem(element.attributes.get(name) ?? element, `<${element.name}> needs ${name}="…"`)
    return value ?? ''
  }

  flag (element: XmlElement, name: string): boolean | undefined {
    return this.word(element, name, { true: true, false: false, 1: true, 0: false })
  }

  /** One word of a list; letters may be of either case, as in IIS. */
  word<T> (element: XmlElement, name: string, words: Readonly<Record<string, T>>): T | undefined {
    const value = this.text(element, name)
    if (value === undefined) return undefined
    const known = Object.keys(words)
    const word = known.find(one => one.toLowerCase() === value.trim().toLowerCase())
    if (word !== undefined) return words[word]
    const offered = known.filter(one => !/^\d+$/.test(one))
    this.problem(element.attributes.get(name) as XmlAttribute, `${name}="${value}" is not one of ${offered.join(', ')}`)
    return undefined
  }

  /** A whole number within IIS's limits. */
  integer (element: XmlElement, name: string, least = 0, most = 4_294_967_295): number | undefined {
    const value = this.text(element, name)
    if (value === undefined) return undefined
    const number = /^\s*\d+\s*$/.test(value) ? Number(value) : NaN
    if (number >= least && number <= most) return number
    this.problem(element.attributes.get(name) as XmlAttribute, `${name}="${value}" is not a whole number from ${least} to ${most}`)
    return undefined
  }

  /** A time span, `hh:mm:ss` or `d.hh:mm:ss`, in ms. */
  duration (element: XmlElement, name: string): number | undefined {
    const value = this.text(element, name)
    if (value === undefined) return undefined
    const [, days = '0', hours, minutes, seconds, fraction = '0'] = /^\s*(?:(\d+)\.)?(\d+):([0-5]?\d):([0-5]?\d)(\.\d+)?\s*$/.exec(value) ?? []
    if (hours !== undefined) {
      return (((Number(days) * 24 + Number(hours)) * 60 + Number(minutes)) * 60 + Number(seconds) + Number(fraction)) * 1000
    }
    this.problem(element.attributes.get(name) as XmlAttribute, `${name}="${value}" is not a time span such as 00:02:00`)
    return undefined
  }

  /** Marks one part as used, with a note on why it has no further effect. */
  usedWith (part: Part, note: string): void {
    this.#mark(part, { status: 'used', note })
  }

  /** A part that no longer stands in the tree, with the path it had. */
  loose (part: Part, path: string): void {
    this.#loose.push({ part, path })
  }

  /** As `loose`, for an element with everything in it. */
  looseAll (element: XmlElement, path: string): void {
    this.loose(element, path)
    for (const [name, attribute] of element.attributes) this.loose(attribute, `${path}/@${name}`)
    const steps = stepsOf(element.children)
    for (const [index, child] of element.children.entries()) this.looseAll(child, `${path}/${steps[index] ?? ''}`)
  }

  /** One row for each element and attribute of the containers and of these sections, whether it was marked or not. */
  rows (sections: readonly XmlElement[]): Row[] {
    const find = pathFinder()
    return [
      ...this.#containers.flatMap(element => this.#ownRows(element, find(element))),
      ...sections.flatMap(element => this.#allRows(element, find(element))),
      ...this.#loose.map(({ part, path }) => 'value' in part
        ? this.#row(part, 'attribute', path, part.value, () => 'has no effect')
        : this.#row(part, 'element', path, undefined, () => 'has no effect'))
    ]
  }

  #allRows (element: XmlElement, path: string): Row[] {
    const steps = stepsOf(element.children)
    return [...this.#ownRows(element, path), ...element.children.flatMap((child, index) => this.#allRows(child, `${path}/${steps[index] ?? ''}`))]
  }

  #ownRows (element: XmlElement, path: string): Row[] {
    const rows = [this.#row(element, 'element', path, undefined, () => `<${element.name}> is not an element URL Rewrite, ARR or IIS know at this place`)]
    for (const attribute of element.attributes.values()) {
      if (attribute.namespace === XMLNS) this.used(attribute)
      rows.push(this.#row(attribute, 'attribute', `${path}/@${attribute.name}`, attribute.value, () => this.#unknown(element, attribute)))
    }
    return rows
  }

  #row (part: Part, kind: Row['part'], path: string, value: string | undefined, unknown: () => string): Row {
    const mark = this.#marks.get(part) ?? { status: 'unsupported', note: unknown() }
    return {
      ...part.place,
      part: kind,
      path,
      name: part.name,
      ...value !== undefined && { value: SECRET.test(part.name) ? '…' : value.length > 120 ? `${value.slice(0, 119)}…` : value },
      ...mark
    }
  }

  #unknown (element: XmlElement, attribute: XmlAttribute): string {
    if (attribute.namespace === XDT) return 'a transform is not applied here'
    const wanted = attribute.name.toLowerCase()
    const twin = [...this.#asked.get(element.name) ?? []].find(name => name.toLowerCase() === wanted)
    return `<${element.name}> has no attribute ${attribute.name}` +
      (twin === undefined ? '; IIS would refuse the file (500.19)' : `: names are case-sensitive, write ${twin}`)
  }

  #mark (part: Part, mark: Mark): void {
    const before = this.#marks.get(part)
    if (before === undefined || RANK[mark.status] > RANK[before.status]) this.#marks.set(part, mark)
    else if (before.status === mark.status && mark.note !== undefined && before.note?.includes(mark.note) !== true) {
      this.#marks.set(part, { ...mark, note: before.note === undefined ? mark.note : `${before.note}; ${mark.note}` })
    }
  }
}
