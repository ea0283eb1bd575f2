// The entries of a list of IIS. `<clear/>` and `<remove/>` delete entries before them, and entries inherited from a list above.
import { at } from '../errors.ts'
import type { XmlElement } from '../xml/element.ts'
import type { Reading } from './reading.ts'

/** The entries of one list, and what it deletes of the list above. */
export interface Collection {
  readonly entries: readonly XmlElement[]
  /** The `<clear/>` element: no entry of the list above is inherited. */
  readonly cleared: XmlElement | null
  /** `<remove/>` elements whose key no entry before them in this list has, by key, lower case. */
  readonly removed: ReadonlyMap<string, XmlElement>
}

/** What tells an entry from the others: an attribute, or what a function makes of several. */
export type Key = string | ((element: XmlElement) => string)

/**
 * Reads the entries called `name`, identified by `key`.
 * A duplicate key is a problem, as in IIS; without `key`, entries may repeat.
 */
export function collection (reading: Reading, list: XmlElement, name: string, key?: Key): Collection {
  const entries = new Map<string | XmlElement, XmlElement>()
  let cleared: XmlElement | null = null
  const removed = new Map<string, XmlElement>()
  const valueOf = (element: XmlElement): string | undefined =>
    key === undefined ? undefined : typeof key === 'string' ? element.attributes.get(key)?.value : key(element)
  const keyOf = (element: XmlElement): string | undefined => valueOf(element)?.toLowerCase()

  for (const child of list.children) {
    if (child.name === 'clear') {
      reading.used(child)
      for (const entry of entries.values()) takeBack(reading, entry, child)
      entries.clear()
      cleared = child
    } else if (child.name === 'remove' && key !== undefined) {
      reading.used(child)
      if (typeof key === 'string') reading.required(child, key)
      const name = keyOf(child) ?? ''
      const taken = entries.get(name)
      if (taken === undefined) removed.set(name, child)
      else takeBack(reading, taken, child)
      entries.delete(name)
    } else if (child.name === name) {
      reading.used(child)
      const twin = entries.get(keyOf(child) ?? child)
      if (twin === undefined) entries.set(keyOf(child) ?? child, child)
      else reading.problem(child, `a second <${name}> with ${typeof key === 'string' ? `${key}="${valueOf(child) ?? ''}"` : valueOf(child) ?? ''}; the first is at ${at(twin.place)}`)
    }
  }
  return { entries: [...entries.values()], cleared, removed }
}

/** Reports each `<remove/>` whose key is not in this list, nor `found` in a list above that was read. */
export function noteUnfound (reading: Reading, { removed }: Collection, found: (key: string) => boolean = () => false): void {
  for (const [key, element] of removed) {
    if (!found(key)) reading.differs(element, 'nothing of this name is in the files that were read', 'if it belongs to a file further up, read that file too')
  }
}

function takeBack (reading: Reading, entry: XmlElement, by: XmlElement): void {
  reading.usedAll(entry, `taken back by <${by.name}> at ${at(by.place)}`)
}

/** The only child with this name; a second one is a problem. */
export function one (reading: Reading, element: XmlElement, name: string): XmlElement | undefined {
  const [first, second] = element.children.filter(child => child.name === name)
  reading.used(first)
  if (second !== undefined) reading.problem(second, `a second <${name}> in one <${element.name}>`)
  return first
}
