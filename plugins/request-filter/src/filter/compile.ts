// Which filter stands in each place? The options, compiled: a request meets no configuration.
import { InvalidOptionsError } from '../errors.ts'
import { unknownOptions } from '../known-options.ts'
import type { FilterOptions, PlaceOptions, RequestFilterOptions } from '../options.ts'
import { bodyLimitOf } from '../request-filtering/limits.ts'
import { fold } from '../url/fold.ts'
import type { Check } from './check.ts'
import { PARTS } from './parts.ts'
import { Places, type Filter, type Place } from './places.ts'
import { objectAt } from './shape.ts'

const NAMES = Object.keys(PARTS) as ReadonlyArray<keyof FilterOptions>
// Records, so that the compiler misses the key that is left out.
const PLACE: Readonly<Record<Exclude<keyof PlaceOptions, keyof FilterOptions>, true>> = { site: true, path: true }
const PLACE_KEYS = [...NAMES, ...Object.keys(PLACE)]
const OPTION_KEYS = [...NAMES, 'places']

/** A part as a place writes it. Compiled once, so that what it counts is counted for the whole place. */
interface Part {
  readonly check: Check | null
  readonly maxBodySize: number | undefined
}

type Parts = ReadonlyMap<keyof FilterOptions, Part>

/**
 * Compiles the options. `knowsSites`: requests have a site when the filter sees them.
 *
 * @throws FST_ARR_FILTER_INVALID_OPTIONS with all mistakes.
 */
export function compileFilters (options: RequestFilterOptions, knowsSites: boolean): Places {
  const mistakes = unknownOptions(options, OPTION_KEYS)
  const root = compileParts(options, '', mistakes)
  const { places = [] } = options
  if (!Array.isArray(places)) mistakes.push('`places` must be a list')
  const written = (Array.isArray(places) ? places : []).flatMap((place: unknown, index) => compilePlace(place, `places[${index}]`, knowsSites, mistakes))
  for (const [index, { site, path }] of written.entries()) {
    const first = written.findIndex(other => other.site === site && other.path === path)
    if (first !== index) mistakes.push(`\`${written[index]!.at}\` is the place of \`${written[first]!.at}\` once more`)
  }
  if (mistakes.length > 0) throw new InvalidOptionsError(mistakes.join('; '))
  return new Places(filterOf([root]), tablesOf(root, written))
}

interface Written {
  readonly at: string
  readonly site: string | null
  readonly path: string
  readonly parts: Parts
}

function compilePlace (value: unknown, at: string, knowsSites: boolean, mistakes: string[]): Written[] {
  const place = objectAt(value, PLACE_KEYS, at, mistakes)
  if (place === null) return []
  const { site, path } = place
  if (site === undefined && path === undefined) mistakes.push(`\`${at}\` must have a site, a path or both`)
  if (site !== undefined && (typeof site !== 'string' || site === '')) mistakes.push(`\`${at}.site\` must be the name of a site`)
  // Without a site to compare, the place would let everything through.
  else if (site !== undefined && !knowsSites) mistakes.push(`\`${at}.site\` is never compared: host-routing, which says the site of a request, must be registered before request-filter`)
  if (path !== undefined && !isPath(path)) mistakes.push(`\`${at}.path\` must be a path such as /app: decoded, without dot segments, backslash, query and fragment`)
  const parts = compileParts(place, `${at}.`, mistakes)
  if ((site === undefined && path === undefined) || (site !== undefined && typeof site !== 'string') || (path !== undefined && !isPath(path))) return []
  return [{ at, site: site ?? null, path: pathOf(path ?? '/'), parts }]
}

function isPath (path: unknown): path is string {
  return typeof path === 'string' && path.startsWith('/') && !/[?#\\]|%[\da-f]{2}|\/\.\.?(?:\/|$)/i.test(path)
}

/** As readings are compared: folded, without the slash at the end; empty for the root. */
function pathOf (path: string): string {
  return fold(path).replace(/\/+/g, '/').replace(/\/$/, '')
}

function compileParts (options: FilterOptions, prefix: string, mistakes: string[]): Parts {
  const parts = new Map<keyof FilterOptions, Part>()
  for (const name of NAMES) {
    const value = options[name]
    if (value === undefined) continue
    if (value === false) parts.set(name, { check: null, maxBodySize: undefined })
    else parts.set(name, { check: PARTS[name](value, `${prefix}${name}`, mistakes), maxBodySize: name === 'requestFiltering' ? bodyLimitOf(value) : undefined })
  }
  return parts
}

/** One filter of the parts of places around each other; the inner ones come later, and their parts count. */
function filterOf (around: readonly Parts[]): Filter {
  const parts = new Map(around.flatMap(one => [...one]))
  return {
    checks: NAMES.flatMap(name => parts.get(name)?.check ?? []),
    maxBodySize: parts.get('requestFiltering')?.maxBodySize
  }
}

/** For each site that is named, and for all others (null), the places from the longest path to the shortest. */
function tablesOf (root: Parts, written: readonly Written[]): Map<string | null, Place[]> {
  const sites = new Set([null, ...written.map(({ site }) => site)])
  return new Map([...sites].map(site => {
    const here = written.filter(place => place.site === null || place.site === site)
    // From the outermost to the innermost: the shortest path first, and a place of all sites before that of the one.
    here.sort((a, b) => a.path.length - b.path.length || Number(a.site !== null) - Number(b.site !== null))
    const places = new Map<string, Filter>()
    for (const { path } of here) places.set(path, filterOf([root, ...here.filter(other => isWithin(path, other.path)).map(other => other.parts)]))
    return [site, [...places].map(([path, filter]) => ({ path, filter })).reverse()]
  }))
}

function isWithin (path: string, outer: string): boolean {
  return path.startsWith(outer) && (path.length === outer.length || path[outer.length] === '/')
}
