// Which entries does a list of IIS end up with? `<clear/>` and `<remove/>` take back what stands before them or above them.
import { at } from '../errors.ts'
import type { Reading } from './reading.ts'
import type { XmlElement } from '../xml/parse.ts'

/** The entries of one list, and what it took from the list above. */
export interface Collection {
  readonly entries: readonly XmlElement[]
  /** `<clear/>`: nothing of the list above is left. */
  readonly cleared: XmlElement | null
  /** `<remove/>` elements that found nothing before them in this list, by key, lower case. */
  readonly removed: ReadonlyMap<string, XmlElement>
}

/**
 * Reads the entries called `name`, each known by its attribute `key`.
 * A key that comes twice is a problem, as it is in IIS; without a key, entries may repeat.
 */
export function collection (reading: Reading, list: XmlElement, name: string, key?: string): Collection {
  const entries = new Map<string | XmlElement, XmlElement>()
  let cleared: XmlElement | null = null
  const removed = new Map<string, XmlElement>()
  const keyOf = (element: XmlElement): string | undefined =>
    key === undefined ? undefined : element.attributes.get(key)?.value.toLowerCase()

  for (const child of list.children) {
    if (child.name === 'clear') {
      reading.used(child)
      for (const entry of entries.values()) takeBack(reading, entry, child)
      entries.clear()
      cleared = child
    } else if (child.name === 'remove' && key !== undefined) {
      reading.used(child)
      reading.required(child, key)
      const name = keyOf(child) ?? ''
      const taken = entries.get(name)
      if (taken === undefined) removed.set(name, child)
      else takeBack(reading, taken, child)
      entries.delete(name)
    } else if (child.name === name) {
      reading.used(child)
      const twin = entries.get(keyOf(child) ?? child)
      if (twin === undefined) entries.set(keyOf(child) ?? child, child)
      else reading.problem(child, `a second <${name}> with ${key ?? ''}="${child.attributes.get(key ?? '')?.value ?? ''}"; the first is at ${at(twin.place)}`)
    }
  }
  return { entries: [...entries.values()], cleared, removed }
}

/** Where nothing above is known, a `<remove/>` that found nothing is a difference worth a line. */
export function noteUnfound (reading: Reading, { removed }: Collection, found: (key: string) => boolean = () => false): void {
  for (const [key, element] of removed) {
    if (!found(key)) reading.differs(element, 'nothing of this name is in the files that were read', 'if it belongs to a file further up, read that file too')
  }
}

function takeBack (reading: Reading, entry: XmlElement, by: XmlElement): void {
  reading.usedAll(entry, `taken back by <${by.name}> at ${at(by.place)}`)
}
