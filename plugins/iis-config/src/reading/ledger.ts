// What became of each part of the files? Every part is marked when it is read; parts without a mark are reported, so that nothing is lost in silence.
import { isOpen, type Door } from '../access/doors.ts'
import type { Problem } from '../errors.ts'
import type { Part, XmlAttribute, XmlElement } from '../xml/element.ts'
import { pathFinder, stepsOf } from '../xml/path.ts'
import { Marks } from './marks.ts'
import type { GeneralDifference, Local, Mistake, Row, UnreadSection } from './report.ts'

const OFF = 'the rule is switched off; enabled, it would not be taken: '

/** The marks, problems and mistakes of one reading of one or more files. */
export class Ledger {
  readonly problems: Problem[] = []
  readonly sections: UnreadSection[] = []
  readonly mistakes: Mistake[] = []
  readonly local: Local[] = []
  readonly #general = new Map<string, GeneralDifference>()
  /** Elements of transforms that could not be applied. */
  readonly refusedTransforms: XmlElement[] = []
  readonly #closing = new Map<Part, XmlElement>()
  readonly #containers: XmlElement[] = []
  readonly #loose: { readonly part: Part, readonly path: string }[] = []
  readonly #marks = new Marks()
  /** Caches paths: rows are made once the tree no longer changes. */
  readonly #find = pathFinder()
  readonly #origins = new WeakMap<object, readonly XmlElement[]>()
  #off = false

  /** Marks an element that only holds sections; its sections make their own rows. */
  container (element: XmlElement): void {
    this.used(element)
    this.#containers.push(element)
  }

  /** Marks parts as used as IIS uses them. */
  used (...parts: readonly (Part | undefined)[]): void {
    for (const part of parts) if (part !== undefined) this.#marks.mark(part, { status: 'used' })
  }

  /** Marks one part as used, with a note on why it has no further effect. */
  usedWith (part: Part, note: string): void {
    this.#marks.mark(part, { status: 'used', note })
  }

  /** Marks a part that says no more than IIS's default. */
  byDefault (part: Part, note: string): void {
    this.#marks.mark(part, { status: 'used', note, byDefault: true })
  }

  /** As `usedWith`, for a whole subtree, attributes included. */
  usedAll (element: XmlElement, note: string): void {
    for (const part of [element, ...element.attributes.values()]) this.usedWith(part, note)
    for (const child of element.children) this.usedAll(child, note)
  }

  /** Marks a part as used with a difference. */
  differs (part: Part | undefined, note: string, advice?: string): void {
    if (part !== undefined) this.#marks.mark(part, { status: 'difference', note, ...advice !== undefined && { advice } })
  }

  /** As `differs`, for a whole subtree, attributes included. */
  differsAll (element: XmlElement, note: string): void {
    for (const part of [element, ...element.attributes.values()]) this.differs(part, note)
    for (const child of element.children) this.differsAll(child, note)
  }

  /** Marks a part as not supported. */
  loses (part: Part | undefined, note: string, advice?: string): void {
    if (part !== undefined) this.#marks.mark(part, { status: 'unsupported', note, ...advice !== undefined && { advice } })
  }

  /** As `loses`, for a whole subtree, attributes included. The advice is given once, for the element. */
  losesAll (element: XmlElement, note: string, advice?: string): void {
    this.loses(element, note, advice)
    for (const attribute of element.attributes.values()) this.loses(attribute, note)
    for (const child of element.children) this.losesAll(child, note)
  }

  /** Marks a part that makes IIS refuse requests; `element` is the part itself, or the element of the attribute. */
  closes (element: XmlElement, part: Part, { section, note, open }: { section: Door, note: string, open: readonly string[] }): void {
    const isNamed = isOpen(section, open)
    this.#marks.mark(part, { status: 'closes', note, section, open: isNamed, advice: isNamed ? `open names ${section}: it is let through` : `no site starts, unless open names ${section}` })
    this.#closing.set(part, element)
  }

  /** Remembers the element that a part of the options was made of. */
  made<T extends object> (part: T, element: XmlElement): T {
    this.#origins.set(part, [...this.#origins.get(part) ?? [], element])
    return part
  }

  /** The rows of the elements that a part of the options was made of, and of everything inside them. */
  rowsOf (part: object): Row[] {
    return (this.#origins.get(part) ?? []).flatMap(element => this.#marks.allRows(element, this.#find(element)))
  }

  /** Reads or checks a rule. In a rule with `enabled="false"`, what would refuse the file or leave the rule out becomes a difference. */
  ofRule<T> (enabled: boolean | undefined, read: () => T): T {
    this.#off = enabled === false
    try {
      return read()
    } finally {
      this.#off = false
    }
  }

  /** Adds a problem: the file is refused. */
  problem (part: Part, message: string): void {
    if (this.#off) this.differs(part, OFF + message)
    else this.problems.push({ ...part.place, message })
  }

  /** Marks a rule that cannot run here, because of `part` of it. Gives whether it has to be left out of the options. */
  leavesOut (element: XmlElement, why: string, advice?: string, part: Part = element): boolean {
    if (this.#off) this.differs(part, OFF + why, advice)
    else this.losesAll(element, `the rule is left out: ${why}`, advice)
    return !this.#off
  }

  /** Adds a mistake: the file is valid, but probably does not do what its author meant. */
  mistake (code: string, part: Part, message: string): void {
    this.mistakes.push({ ...part.place, code, message })
  }

  /** Adds a difference that is the same for all parts of its kind: it is told once. */
  differsGenerally (difference: GeneralDifference): void {
    this.#general.set(difference.code, difference)
  }

  get general (): GeneralDifference[] {
    return [...this.#general.values()]
  }

  /** An attribute, not yet marked. Its name is remembered as one that such elements have. */
  attribute (element: XmlElement, name: string): XmlAttribute | undefined {
    this.#marks.asked(element, name)
    return element.attributes.get(name)
  }

  /** Keeps the row of a part that is no longer in the tree, under the path it had. */
  loose (part: Part, path: string): void {
    this.#loose.push({ part, path })
  }

  /** As `loose`, for a whole subtree, attributes included. */
  looseAll (element: XmlElement, path: string): void {
    this.loose(element, path)
    for (const [name, attribute] of element.attributes) this.loose(attribute, `${path}/@${name}`)
    const steps = stepsOf(element.children)
    for (const [index, child] of element.children.entries()) this.looseAll(child, `${path}/${steps[index] ?? ''}`)
  }

  /** One row for each element and attribute of the containers and of these sections, marked or not. */
  rows (sections: readonly XmlElement[]): Row[] {
    for (const { part } of this.#loose) this.#closing.delete(part)
    for (const element of sections) this.#ofSection(element)
    return [
      ...[...this.#closing].map(([part, element]) => this.#marks.looseRow(part, 'value' in part ? `${this.#find(element)}/@${part.name}` : this.#find(part))),
      ...this.#containers.flatMap(element => this.#marks.ownRows(element, this.#find(element))),
      ...sections.flatMap(element => this.#marks.allRows(element, this.#find(element))),
      ...this.#loose.map(({ part, path }) => this.#marks.looseRow(part, path))
    ]
  }

  /** What closes in a section that is read has its row among those of the section. */
  #ofSection (element: XmlElement): void {
    for (const part of [element, ...element.attributes.values()]) this.#closing.delete(part)
    for (const child of element.children) this.#ofSection(child)
  }
}
