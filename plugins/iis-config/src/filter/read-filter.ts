// From the sections that refuse requests to the options of request-filter, with a place for each directory that has others.
import { isOpen } from '../access/doors.ts'
import type { FilterOptions, FilterPlace, RequestFilterOptions } from '../config/filter-options.ts'
import { written, type Reading } from '../reading/reading.ts'
import type { Found, Scope } from '../sections/scopes.ts'
import type { Layout } from '../server/layout.ts'
import { placesOf, type ScopedPlace } from '../server/places.ts'
import type { XmlAttribute, XmlElement } from '../xml/element.ts'
import { readDynamicIpSecurity } from './dynamic-ip-security.ts'
import { FILTER_SECTIONS, PART, type FilterPart } from './filter-sections.ts'
import { defaultSettings, type FilterChange } from './filter-settings.ts'
import { readIpSecurity } from './ip-security.ts'
import { partOf } from './options-of.ts'
import { readRequestFiltering } from './request-filtering.ts'

/** What one section says. */
interface Said {
  readonly scope: Scope
  readonly part: FilterPart
  readonly element: XmlElement
  readonly change: FilterChange
}

const READERS = { requestFiltering: readRequestFiltering, ipSecurity: readIpSecurity, dynamicIpSecurity: readDynamicIpSecurity } as const
const PARTS = Object.values(PART)

/**
 * The options; undefined where nothing is refused. In IIS request filtering is always on: where a file has `<requestFiltering>`
 * anywhere, all of its place is filtered by IIS's defaults, and a file without it is not filtered at all.
 */
export function readFilter (reading: Reading, found: ReadonlyMap<string, readonly Found[]>, layout: Layout, open: readonly string[]): RequestFilterOptions | undefined {
  const said = FILTER_SECTIONS.flatMap(path => (found.get(path) ?? []).map((section): Said => read(reading, PART[path], section, open)))
  if (said.length === 0) return undefined
  const homes = layout.server ? [{ site: null, path: '/' }] : said.filter(({ part }) => part === 'requestFiltering').map(({ scope }) => ({ site: scope.site, path: scope.among?.application ?? '/' }))
  const isFiltered = said.some(({ part }) => part === 'requestFiltering')
  const isHome = ({ site, path }: ScopedPlace<Said>): boolean => isFiltered && homes.some(home => home.site === site && home.path.toLowerCase() === path.toLowerCase())
  const settled = placesOf(said, [...layout.applications, ...homes]).map(place => {
    const settings = defaultSettings(!layout.server)
    for (const { change } of [...place.inherited, ...place.own]) change(settings)
    const parts = PARTS.filter(part => !isOpen(part, open) && ((part === 'requestFiltering' && isHome(place)) || [...place.own, ...place.cut].some(one => one.part === part)))
    return { place, options: Object.fromEntries(parts.map(part => [part, partOf(part, settings, open)])) as FilterOptions }
  })
  // A part that refuses nothing anywhere need not be switched off.
  const refusing = PARTS.filter(part => settled.some(({ options }) => options[part] !== undefined && options[part] !== false))
  const filters = settled.flatMap(({ place, options }) => {
    const own = Object.fromEntries(Object.entries(options).filter(([part]) => refusing.includes(part as FilterPart))) as FilterOptions
    return Object.keys(own).length === 0 ? [] : [{ place, own }]
  })
  const made = <T extends object>(options: T, { own }: ScopedPlace<Said>): T => own.reduce((all, { element }) => reading.made(all, element), options)
  const all: RequestFilterOptions = {}
  const places: FilterPlace[] = []
  for (const { place, own } of filters) {
    if (place.site === null && place.path === '/') made(Object.assign(all, own), place)
    else places.push(made(written<FilterPlace>({ site: place.site ?? undefined, path: place.path === '/' ? undefined : place.path, ...own }), place))
  }
  if (places.length > 0) all.places = places
  return Object.keys(all).length === 0 ? undefined : all
}

function read (reading: Reading, part: FilterPart, { scope, element }: Found, open: readonly string[]): Said {
  const change = READERS[part](reading, element)
  if (scope.among === undefined) for (const lock of locksIn(element)) reading.differs(lock, 'what a child file may override is not limited here')
  if (isOpen(part, open)) reading.usedAll(element, `open names ${part}: nothing of it is refused`)
  else if (part === 'requestFiltering') for (const child of element.children) if (open.includes(child.name)) reading.usedAll(child, `open names ${child.name}: nothing of it is refused`)
  return { scope, part, element, change }
}

function locksIn (element: XmlElement): XmlAttribute[] {
  return [...[...element.attributes.values()].filter(({ name }) => name.startsWith('lock')), ...element.children.flatMap(locksIn)]
}
