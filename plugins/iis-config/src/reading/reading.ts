// How is a value taken out of the tree so that nothing is lost in silence? Each part is marked when it is read; what stays unmarked is reported.
import { isOpen, type Door } from '../access/doors.ts'
import type { Problem } from '../errors.ts'
import { Marks, type Part } from './marks.ts'
import type { Mistake, Row, UnreadSection } from './report.ts'
import { pathFinder, stepsOf, type XmlAttribute, type XmlElement } from '../xml/parse.ts'

const OFF = 'the rule is switched off; enabled, it would not be taken: '

/** One reading of one or more files: the marks, the problems, the mistakes. */
export class Reading {
  readonly problems: Problem[] = []
  readonly sections: UnreadSection[] = []
  readonly mistakes: Mistake[] = []
  /** Elements of transforms that could not be applied. */
  readonly refusedTransforms: XmlElement[] = []
  readonly #closing = new Map<Part, XmlElement>()
  readonly #containers: XmlElement[] = []
  readonly #loose: { readonly part: Part, readonly path: string }[] = []
  readonly #marks = new Marks()
  /** For a tree that stays as it is: rows are asked for when everything is read. */
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

  /** Marks a whole subtree as used, attributes too, with a note on why it has no further effect. */
  usedAll (element: XmlElement, note: string): void {
    for (const part of [element, ...element.attributes.values()]) this.#marks.mark(part, { status: 'used', note })
    for (const child of element.children) this.usedAll(child, note)
  }

  /** Marks a part as used with a difference. */
  differs (part: Part | undefined, note: string, advice?: string): void {
    if (part !== undefined) this.#marks.mark(part, { status: 'difference', note, ...advice !== undefined && { advice } })
  }

  /** Marks a whole subtree as used with a difference, attributes too. */
  differsAll (element: XmlElement, note: string): void {
    for (const part of [element, ...element.attributes.values()]) this.differs(part, note)
    for (const child of element.children) this.differsAll(child, note)
  }

  /** Marks a part as not supported. */
  loses (part: Part | undefined, note: string, advice?: string): void {
    if (part !== undefined) this.#marks.mark(part, { status: 'unsupported', note, ...advice !== undefined && { advice } })
  }

  /** Marks a whole subtree, attributes too, where nothing in it was marked more strongly. */
  losesAll (element: XmlElement, note: string, advice?: string): void {
    this.loses(element, note, advice)
    for (const attribute of element.attributes.values()) this.loses(attribute, note)
    for (const child of element.children) this.losesAll(child, note)
  }

  /** Marks a part that makes IIS refuse requests; `element` is the one it is, or stands in. */
  closes (element: XmlElement, part: Part, { section, note, open }: { section: Door, note: string, open: readonly string[] }): void {
    const isNamed = isOpen(section, open)
    this.#marks.mark(part, { status: 'closes', note, section, open: isNamed, advice: isNamed ? `open names ${section}: it is let through` : `no site starts, unless open names ${section}` })
    this.#closing.set(part, element)
  }

  /** Remembers which element a part of the options was made of. */
  made<T extends object> (part: T, element: XmlElement): T {
    this.#origins.set(part, [...this.#origins.get(part) ?? [], element])
    return part
  }

  /** The rows of the elements a part of the options was made of, and of what is inside them. */
  rowsOf (part: object): Row[] {
    return (this.#origins.get(part) ?? []).flatMap(element => this.#marks.allRows(element, this.#find(element)))
  }

  /** Reads or checks a rule. Where it is switched off, what would refuse the file or leave the rule out is only told. */
  ofRule<T> (enabled: boolean | undefined, read: () => T): T {
    this.#off = enabled === false
    try {
      return read()
    } finally {
      this.#off = false
    }
  }

  problem (part: Part, message: string): void {
    if (this.#off) this.differs(part, OFF + message)
    else this.problems.push({ ...part.place, message })
  }

  /** Marks a rule that cannot run here; whether it has to be left out. */
  leavesOut (element: XmlElement, why: string, advice?: string): boolean {
    if (this.#off) this.differs(element, OFF + why, advice)
    else this.losesAll(element, `the rule is left out: ${why}`, advice)
    return !this.#off
  }

  mistake (code: string, part: Part, message: string): void {
    this.mistakes.push({ ...part.place, code, message })
  }

  /** The attribute itself; not yet marked. */
  attribute (element: XmlElement, name: string): XmlAttribute | undefined {
    this.#marks.asked(element, name)
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
    this.#marks.mark(part, { status: 'used', note })
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
    for (const { part } of this.#loose) this.#closing.delete(part)
    return [
      ...[...this.#closing].map(([part, element]) => this.#marks.looseRow(part, 'value' in part ? `${this.#find(element)}/@${part.name}` : this.#find(part))),
      ...this.#containers.flatMap(element => this.#marks.ownRows(element, this.#find(element))),
      ...sections.flatMap(element => this.#marks.allRows(element, this.#find(element))),
      ...this.#loose.map(({ part, path }) => this.#marks.looseRow(part, path))
    ]
  }
}
