// Which entries does a list of IIS end up with? `<clear/>` and `<remove/>` take back what stands before them or above them.
import { at } from './errors.ts'
import type { Reading } from './reading.ts'
import type { XmlElement } from './xml.ts'

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
  let entries: XmlElement[] = []
  let cleared: XmlElement | null = null
  const removed = new Map<string, XmlElement>()
  const keyOf = (element: XmlElement): string | undefined =>
    key === undefined ? undefined : element.attributes.get(key)?.value.toLowerCase()

  for (const child of list.children) {
    if (child.name === 'clear') {
      reading.used(child)
      for (const entry of entries) takeBack(reading, entry, child)
      entries = []
      cleared = child
    } else if (child.name === 'remove' && key !== undefined) {
      reading.used(child)
      reading.required(child, key)
      const taken = entries.filter(entry => keyOf(entry) === keyOf(child))
      for (const entry of taken) takeBack(reading, entry, child)
      if (taken.length === 0) removed.set(keyOf(child) ?? '', child)
      entries = entries.filter(entry => !taken.includes(entry))
    } else if (child.name === name) {
      reading.used(child)
      const twin = key === undefined ? undefined : entries.find(entry => keyOf(entry) === keyOf(child))
      if (twin !== undefined && keyOf(child) !== undefined) {
        reading.problem(child, `a second <${name}> with ${key}="${child.attributes.get(key as string)?.value ?? ''}"; the first is at ${at(twin.place)}`)
      } else {
        entries.push(child)
      }
    }
  }
  return { entries, cleared, removed }
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
