// Which filter is a request's? That of its site and of the longest path above what it asks for.
import type { Target } from '../url/target.ts'
import type { Check } from './check.ts'

/** All that stands in one place: what it inherits is in it. */
export interface Filter {
  readonly checks: readonly Check[]
  /** The largest body, in bytes; undefined where there is no limit. */
  readonly maxBodySize: number | undefined
}

export interface Place {
  /** Folded, without a slash at the end; empty for the root. */
  readonly path: string
  readonly filter: Filter
}

/** The filters of all places. */
export class Places {
  readonly #root: Filter
  readonly #tables: ReadonlyMap<string | null, readonly Place[]> | null
  readonly #sites: readonly string[]

  /** `tables` has the places of each site that has some, and under null those of all other sites; from the longest path to the shortest. */
  constructor (root: Filter, tables: ReadonlyMap<string | null, readonly Place[]>) {
    this.#root = root
    this.#tables = [...tables.values()].every(places => places.length === 0) ? null : tables
    this.#sites = [...tables.keys()].filter(site => site !== null)
  }

  /** The names of the sites that have places. */
  get sites (): readonly string[] {
    return this.#sites
  }

  /**
   * The filter for a request; null where servers disagree which place its path is in.
   *
   * A place may be stricter than the one around it, or more lenient, and nothing says which of two filters lets through less. Taking either
   * one would open a way around the other. So a path such as `/public/..%2fadmin` is refused where the readings of it have different filters,
   * and only there: `/api/a%2Fb` is in the same place however it is read, and passes.
   */
  of (site: string | undefined, target: Target): Filter | null {
    if (this.#tables === null) return this.#root
    const places = this.#tables.get(site ?? null) ?? this.#tables.get(null) ?? []
    const onlyRoot = places.length === 0 || (places.length === 1 && places[0]!.path === '')
    if (onlyRoot) return places[0]?.filter ?? this.#root
    if (target.isMalformed) return null
    const { resolved, literal } = target.readings
    const filter = this.#find(places, resolved[0] as string)
    for (let i = 1; i < resolved.length; i++) if (this.#find(places, resolved[i] as string) !== filter) return null
    for (const reading of literal) if (this.#find(places, reading) !== filter) return null
    return filter
  }

  #find (places: readonly Place[], path: string): Filter {
    for (const place of places) {
      const { length } = place.path
      // The root of a site holds `*` as well, which is no path.
      if (length === 0 || (path.startsWith(place.path) && (path.length === length || path.charCodeAt(length) === SLASH))) return place.filter
    }
    return this.#root
  }
}

const SLASH = 0x2f
