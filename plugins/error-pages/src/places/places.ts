// Which rules hold for a request? Those of the place with the longest path, with what it inherits.
import type { ErrorMode, ErrorPagesOptions, ExistingResponse, PageOptions, PageRules } from '../options.ts'
import { segmentsOf } from './url-path.ts'

/** The rules of a place, with what it inherits. */
export interface Rules {
  readonly pages: ReadonlyMap<string, PageOptions>
  readonly errorMode: ErrorMode
  readonly existingResponse: ExistingResponse
}

interface Place {
  readonly site: string | null
  /** In lower case. */
  readonly path: readonly string[]
  readonly said: PageRules
}

export class Places {
  /** The longest path first; those of a site before those of all. */
  readonly #places: readonly (Place & { readonly rules: Rules })[]

  constructor (options: ErrorPagesOptions) {
    const { places = [], ...own } = options
    const all = [
      ...places.map(({ site = null, path = '/', ...said }): Place => ({ site, path: segmentsOf(path), said })),
      { site: null, path: [], said: own }
    ].sort((a, b) => b.path.length - a.path.length || Number(a.site === null) - Number(b.site === null))
    this.#places = all.map((place, index) => ({ ...place, rules: rulesOf([place, ...all.slice(index + 1).filter(other => holds(other, place.site, place.path))]) }))
  }

  /** Whether answers that others have written are replaced at any place. */
  get replaces (): boolean {
    return this.#places.some(({ rules }) => rules.existingResponse === 'Replace' && rules.errorMode !== 'Detailed' && rules.pages.size > 0)
  }

  /** The rules for a request of a site, by its URL. */
  find (site: string | null, url: string): Rules {
    const segments = segmentsOf(url)
    return (this.#places.find(place => holds(place, site, segments)) as { readonly rules: Rules }).rules
  }
}

function holds (place: Place, site: string | null, segments: readonly string[]): boolean {
  return (place.site === null || place.site === site) && place.path.every((segment, index) => segments[index] === segment)
}

/** What the first of the places says that says it. */
function rulesOf (places: readonly Place[]): Rules {
  const said = <Key extends keyof PageRules>(key: Key): PageRules[Key] => places.find(place => place.said[key] !== undefined)?.said[key]
  return {
    pages: new Map(Object.entries(said('pages') ?? {})),
    errorMode: said('errorMode') ?? 'Custom',
    existingResponse: said('existingResponse') ?? 'Auto'
  }
}
