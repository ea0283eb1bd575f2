// Tables that say what becomes of each attribute of an element, with an entry for each name in IIS's schema.
import type { XmlElement } from '../xml/element.ts'
import type { Reading } from './reading.ts'

/** An entry: reads an attribute that is present into the options. */
export type Fate<Options> = (reading: Reading, element: XmlElement, name: string, options: Options) => void

/** Entries by attribute name. */
export type AttributeTable<Options> = Readonly<Record<string, Fate<Options>>>

/** Reads every attribute of an element that has an entry. Other attributes stay unmarked and are reported as unknown. */
export function readAttributes<Options> (reading: Reading, element: XmlElement, table: AttributeTable<Options>, options: Options): void {
  reading.used(element)
  for (const [name, fate] of Object.entries(table)) {
    if (reading.attribute(element, name) !== undefined) fate(reading, element, name, options)
  }
}

/** Used as IIS uses it. */
export const same: Fate<unknown> = (reading, element, name) => { reading.text(element, name) }

/** An attribute that is not supported, unless it has one of the values that ask for what the plugins do by default. */
export function lost (note: string, advice?: string, harmless: readonly string[] = []): Fate<unknown> {
  return (reading, element, name) => {
    if (isOneOf(reading.text(element, name), harmless)) asDefault(reading, element, name)
    else reading.loses(element.attributes.get(name), note, advice)
  }
}

/** An attribute that is used with a difference, unless it has one of the values that ask for what the plugins do by default. */
export function differs (note: string, harmless: readonly string[] = []): Fate<unknown> {
  return (reading, element, name) => {
    if (isOneOf(reading.text(element, name), harmless)) asDefault(reading, element, name)
    else reading.differs(element.attributes.get(name), note)
  }
}

/** An attribute that no request depends on. */
export function withoutEffect (note: string): Fate<unknown> {
  return (reading, element, name) => {
    const attribute = reading.attribute(element, name)
    if (attribute !== undefined) reading.usedWith(attribute, note)
  }
}

/** Marks an attribute that asks for what the plugins do by default. */
export function asDefault (reading: Reading, element: XmlElement, name: string): void {
  const attribute = element.attributes.get(name)
  if (attribute !== undefined) reading.byDefault(attribute, 'asks for what happens here anyway')
}

function isOneOf (value: string | undefined, values: readonly string[]): boolean {
  return values.some(one => one.toLowerCase() === value?.trim().toLowerCase())
}
