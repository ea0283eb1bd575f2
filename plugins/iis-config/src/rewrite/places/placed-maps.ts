// Rewrite maps of several files: a rule sees those of its file and of those above, and sites may have different maps of one name.
import { above, type Scope } from '../../sections/scopes.ts'
import type { RewriteMap } from '../rewrite-options.ts'

interface PlacedMap {
  readonly scope: Scope
  /** As the file names it, in lower case. */
  readonly key: string
  readonly map: RewriteMap
}

/** The maps with their scopes. */
export class PlacedMaps {
  readonly #placed: PlacedMap[] = []
  readonly #byContent = new Map<string, RewriteMap>()
  readonly #taken = new Set<string>()

  /** Adds a map. url-rewrite has one list of maps: a second one of a name gets another name, unless both are equal. */
  add (scope: Scope, map: RewriteMap): void {
    const key = map.name.toLowerCase()
    const content = JSON.stringify({ ...map, name: key })
    const same = this.#byContent.get(content)
    if (same === undefined) {
      const { name } = map
      for (let number = 2; this.#taken.has(map.name.toLowerCase()); number++) map.name = `${name}~${number}`
      this.#taken.add(map.name.toLowerCase())
      this.#byContent.set(content, map)
    }
    this.#placed.push({ scope, key, map: same ?? map })
  }

  /** Whether a scope or one above it has a map, by its name in lower case. */
  has (scope: Scope, key: string): boolean {
    return this.namesIn(scope).has(key)
  }

  /** Every map, each once. */
  get maps (): RewriteMap[] {
    return [...new Set(this.#placed.map(({ map }) => map))]
  }

  /** The names of the maps that a rule in a scope may ask, in lower case. */
  namesIn (scope: Scope): ReadonlySet<string> {
    return new Set(above(this.#placed)(scope, true).map(({ key }) => key))
  }

  /** Gives the rules the names that their maps have got. Of two maps of a name, the nearer one is meant. */
  rename (lists: readonly { readonly scope: Scope, readonly rules: object }[]): void {
    const mapsAbove = above(this.#placed)
    for (const { scope, rules } of lists) {
      for (const { key, map } of mapsAbove(scope, true).reverse()) {
        if (map.name.toLowerCase() === key) continue
        const nearest = mapsAbove(scope, true).find(one => one.key === key)
        if (nearest?.map === map) renameIn(rules, new RegExp(`\\{${key.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')}:`, 'gi'), `{${map.name}:`)
      }
    }
  }
}

/** Replaces the beginning of a reference in every text of a rule. Objects are changed, not copied: the report knows them. */
function renameIn (part: object, reference: RegExp, name: string): void {
  for (const [key, value] of Object.entries(part)) {
    if (key === 'element') continue
    if (typeof value === 'string') {
      // A pattern is no expression.
      if (key !== 'pattern' && key !== 'name') (part as Record<string, unknown>)[key] = value.replace(reference, () => name)
    } else if (typeof value === 'object' && value !== null && key !== 'match') renameIn(value as object, reference, name)
  }
}
