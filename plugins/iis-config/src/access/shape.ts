// The shape of a section that can refuse requests: a schema that says of each value whether IIS refuses requests because of it.
import type { Part, XmlElement } from '../xml/element.ts'
import type { Door } from './doors.ts'

/** A part of the file and, in a short sentence, what IIS refuses because of it. */
export interface Refused {
  readonly part: Part
  readonly refuses: string
  /** No plugin can refuse this, even where one refuses what the rest of the section says. */
  readonly beyond?: true
}

/** The effect of a value: `plain` where it asks for what the plugins do by default, `lost` where it asks for something else but refuses nothing. */
export type Verdict = 'plain' | 'lost' | Refusing

interface Refusing { readonly refuses: string, readonly door?: Door, readonly beyond?: true }

/** An element: the effect of each attribute, and the elements it may have. IIS refuses a file with other attributes or elements. */
export interface Shape {
  /** The name of its door, where it has one of its own. */
  readonly name?: Door
  readonly attributes?: Readonly<Record<string, (value: string) => Verdict>>
  readonly children?: Readonly<Record<string, Shape>>
  /** What the element as a whole refuses. */
  readonly refuses?: (element: XmlElement) => readonly Refused[]
  /** The element may have other attributes and children, none of which refuses anything. */
  readonly free?: true
}

/** A value that refuses nothing. */
export const any = (): Verdict => 'plain'

/** Every value but one closes, including values that are not understood. */
export const closedUnless = (open: string, refuses: string) => (value: string): Verdict => same(value, open) ? 'plain' : { refuses }

/** Every value but these asks for something that no plugin does. */
export const lostUnless = (...plain: readonly string[]) => (value: string): Verdict => plain.some(one => same(value, one)) ? 'plain' : 'lost'

/** A limit below IIS's default closes; one above it makes IIS accept more than by default. */
export const limit = (byDefault: number, refuses: string) => (value: string): Verdict => {
  const number = /^\s*\d+\s*$/.test(value) ? Number(value) : NaN
  return number === byDefault ? 'plain' : number > byDefault ? 'lost' : { refuses: refuses.replace('#', () => value) }
}

/** An entry that refuses something, unless it is one of those that IIS ships. Of a value that is not `isKnown`, it is not known what IIS makes of it. */
export const denial = (key: string, refuses: string, shipped: readonly string[] = [], isKnown: (value: string) => boolean = () => true): Shape => ({
  attributes: { [key]: any },
  refuses: part => {
    const value = attribute(part, key)
    return shipped.some(one => same(value, one)) ? [] : [{ part, refuses: refuses.replace('#', () => value), ...!isKnown(value) && { beyond: true } }]
  }
})

/** An entry that refuses something, unless it has `allowed="true"`. */
export const entry = (key: string, refuses: string, shipped?: readonly string[], isKnown?: (value: string) => boolean): Shape => ({
  attributes: { [key]: any, allowed: any },
  refuses: part => same(attribute(part, 'allowed'), 'true') ? [] : denial(key, refuses, shipped, isKnown).refuses?.(part) ?? []
})

/** A list with `add`, `remove` and `clear`. */
export const list = (add: Shape, more: Shape['attributes'] = {}): Shape => ({ attributes: more, children: { add, remove: { free: true }, clear: {} } })

/** Whether a text is an extension as IIS takes it from a path: from the last dot on; `.` where there is none. */
export function isExtension (text: string): boolean {
  return /^\.[^./\\]*$/.test(text)
}

/** The value of an attribute, or an empty string. */
export function attribute (element: XmlElement | null, name: string): string {
  return element?.attributes.get(name)?.value ?? ''
}

/** Whether two values are the same, case and surrounding white space aside. */
export function same (a: string, b: string): boolean {
  return a.trim().toLowerCase() === b.toLowerCase()
}
