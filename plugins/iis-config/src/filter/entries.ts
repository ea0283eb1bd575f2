// Which entries does a list have at a place? Those of the lists above, without what it takes back, and then its own.
import { at } from '../errors.ts'
import { collection, type Key } from '../reading/collection.ts'
import type { Reading } from '../reading/reading.ts'
import type { XmlElement } from '../xml/element.ts'

/** An entry; `element` is null where IIS ships it and no file has it. */
export interface Entry<T> {
  readonly value: T
  readonly element: XmlElement | null
}

/** A list at a place, by key in lower case, in the order in which IIS looks through it. */
export type Entries<T> = Map<string, Entry<T>>

/** How entries are read. */
export interface List<T> {
  /** Default: `add`. */
  readonly name?: string
  readonly key: Key
  /** Null for an entry that is no part of the options. */
  readonly read: (entry: XmlElement) => T | null
}

/** Reads a list. Gives what it changes in the list that it inherits. */
export function readEntries<T> (reading: Reading, list: XmlElement | undefined, { name = 'add', key, read }: List<T>): (inherited: Entries<T>) => void {
  if (list === undefined) return () => {}
  const { entries, cleared, removed } = collection(reading, list, name, key)
  const keyOf = (entry: XmlElement): string => (typeof key === 'string' ? entry.attributes.get(key)?.value ?? '' : key(entry)).toLowerCase()
  const own = entries.flatMap(entry => {
    const value = read(entry)
    return value === null ? [] : [[keyOf(entry), { value, element: entry }] as const]
  })
  const told = new Set<string>()
  return inherited => {
    if (cleared !== null) inherited.clear()
    for (const gone of removed.keys()) inherited.delete(gone)
    for (const [one, entry] of own) {
      const twin = inherited.get(one)?.element ?? null
      if (twin !== null && twin !== entry.element && !told.has(one)) {
        told.add(one)
        reading.mistake('inherited-twice', entry.element, `the list that it inherits has this entry already, at ${at(twin.place)}: IIS answers 500.19; without <remove>, this one holds here`)
      }
      // It goes to the end of the list, as an entry of an inner list does.
      inherited.delete(one)
      inherited.set(one, entry)
    }
  }
}

/** The values of a list. */
export function valuesOf<T> (entries: Entries<T>): T[] {
  return [...entries.values()].map(({ value }) => value)
}
