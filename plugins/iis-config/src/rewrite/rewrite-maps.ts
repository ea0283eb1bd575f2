// `<rewriteMaps>` and `<providers>`: the tables that rules look values up in.
import { collection, noteUnfound } from '../reading/collection.ts'
import { written, type Reading } from '../reading/reading.ts'
import type { XmlElement } from '../xml/element.ts'
import type { RewriteMap } from './rewrite-options.ts'

/** Reads the maps. A duplicate key is a problem; keys are compared as the map's `ignoreCase` says. */
export function readRewriteMaps (reading: Reading, element: XmlElement, isAbove: (key: string) => boolean = () => false): { map: RewriteMap, element: XmlElement }[] {
  reading.used(element)
  const maps = collection(reading, element, 'rewriteMap', 'name')
  noteUnfound(reading, maps, isAbove)
  return maps.entries.map(element => {
    const name = reading.required(element, 'name')
    const defaultValue = reading.text(element, 'defaultValue')
    const ignoreCase = reading.flag(element, 'ignoreCase')
    const entries = new Map<string, string>()
    const seen = new Set<string>()
    for (const add of collection(reading, element, 'add').entries) {
      const key = reading.text(add, 'key') ?? ''
      const folded = ignoreCase === false ? key : key.toLowerCase()
      if (seen.has(folded)) reading.problem(add, `rewrite map "${name}" has a second entry for "${key}"`)
      seen.add(folded)
      entries.set(key, reading.text(add, 'value') ?? '')
    }
    return { element, map: reading.made(written<RewriteMap>({ name, defaultValue, ignoreCase, entries: Object.fromEntries(entries) }), element) }
  })
}

/** Reports `<providers>` as lost: they are .NET code, which cannot run here. Rules that use one are left out. */
export function readProviders (reading: Reading, element: XmlElement): void {
  reading.losesAll(element, 'a provider is .NET code, which cannot run here',
    'put its table into a <rewriteMap>, or write the rule as a function in app.ts')
}
