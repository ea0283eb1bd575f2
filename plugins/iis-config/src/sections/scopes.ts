// Scopes: whether a part of a configuration is for the server, one site, or one directory of a site.
import type { Reading } from '../reading/reading.ts'
import type { Document } from '../server/document.ts'
import { segmentsOf } from '../server/location-path.ts'
import type { XmlElement } from '../xml/element.ts'

/** What the sections of a container apply to. The root of applicationHost.config is `server`; the root of a web.config is `site`, without a name. */
export interface Scope {
  readonly level: 'server' | 'site' | 'path'
  /** The site's name; null for the whole server, and in a web.config, which does not name its site. */
  readonly site: string | null
  /** `/` for a site's root, else the directory, e.g. `/app`. */
  readonly path: string
  /** `<configuration>` or `<location>`: the element whose children are sections and groups of sections. */
  readonly container: XmlElement
  /** Present where the file is one of several, or has a place: they inherit from each other as in IIS. */
  readonly among?: {
    /** The number of the file in the order in which they inherit. */
    readonly rank: number
    /** The path of the application that the scope is in. */
    readonly application: string
    /** False where `inheritInChildApplications` is. */
    readonly inherits: boolean
  }
}

/** What a file's scopes are told of the other files. */
export interface Among {
  readonly rank: number
  readonly applicationAt: (site: string | null, path: string) => string
}

/** A section with its scope. */
export interface Found {
  readonly scope: Scope
  readonly element: XmlElement
}

/** Whether a file is about a whole server, as applicationHost.config and its transforms are: known by its sections or its name. */
export function isServerConfig (root: XmlElement, name: string): boolean {
  return /^applicationhost\b/i.test(name) || root.children.some(child => child.name === 'system.applicationHost' || child.name === 'webFarms')
}

/** The scopes of a file: the root, then each `<location>` in the order of the file. */
export function scopesOf (reading: Reading, { root, server, site, path: base }: Document, among: Among | null): Scope[] {
  reading.container(root)
  const scope = (site: string | null, path: string, container: XmlElement, inherits: boolean): Scope => ({
    level: path !== '/' ? 'path' : server && site === null ? 'server' : 'site',
    site,
    path,
    container,
    ...among !== null && { among: { rank: among.rank, application: among.applicationAt(site, path), inherits } }
  })
  const scopes: Scope[] = [scope(site, base, root, true)]
  for (const container of root.children) {
    if (container.name !== 'location') continue
    reading.container(container)
    for (const lock of ['overrideMode', 'allowOverride']) {
      const attribute = reading.attribute(container, lock)
      if (among !== null) reading.used(attribute)
      else reading.differs(attribute, 'what a child file may override is not limited here')
    }
    const inherits = reading.flag(container, 'inheritInChildApplications') !== false
    if (!inherits && among === null) reading.differs(container.attributes.get('inheritInChildApplications'), 'the settings also apply to applications below, where they have none of their own')
    const parts = segmentsOf(reading, container, server)
    const [first = null, ...rest] = server ? parts : [site, ...parts]
    scopes.push(scope(first, `${base === '/' ? '' : base}/${rest.join('/')}`.replace(/(.)\/$/, '$1'), container, inherits))
  }
  return scopes
}

/** The limit of segments in a path; IIS accepts URLs of 32 segments by default. */
const DEEPEST = 64

/**
 * Gives a function that finds the entries a scope inherits from, the nearest first: those of its parent directories, its site
 * and the server; with `here`, those of the scope itself before them.
 */
export function above<T extends { readonly scope: Scope }> (all: readonly T[]): (scope: Scope, here?: boolean) => T[] {
  const byPlace = new Map<string, T[]>()
  const key = (site: string | null, path: string): string => `${site ?? ''}/${path.toLowerCase()}`
  for (const one of all) {
    const place = key(one.scope.site, one.scope.path)
    const before = byPlace.get(place)
    if (before === undefined) byPlace.set(place, [one])
    // Of several files, the one that inherits from the other is the nearer.
    else if (one.scope.among !== undefined) before.unshift(one)
    else before.push(one)
  }
  return (scope, here = false) => {
    const { site, path } = scope
    const paths = ['/']
    for (const part of path.split('/', DEEPEST).slice(1)) if (part !== '') paths.unshift(`${paths[0] === '/' ? '' : paths[0] ?? ''}/${part}`)
    return (site === null ? [null] : [site, null]).flatMap(place => paths.flatMap(one => {
      const found = byPlace.get(key(place, one)) ?? []
      const reaching = found.filter(other => reaches(other.scope, scope))
      return here || place !== site || one !== path ? reaching : reaching.filter(other => isBefore(other.scope, scope))
    }))
  }
}

/** Whether what is in a scope is inherited by another one, below it or of the same place: not by an application, where `inheritInChildApplications` says so. */
export function reaches ({ site, among }: Scope, below: Scope): boolean {
  return among === undefined || among.inherits || site === null || below.among === undefined || below.among.application === among.application
}

/** Whether a scope of the same place is in a file that the other one's inherits from. */
function isBefore ({ among }: Scope, other: Scope): boolean {
  return among !== undefined && other.among !== undefined && among.rank < other.among.rank
}

/** Gives scopes the names of `<sites>`: names in `<location>` are not case-sensitive. A name that no site has is a mistake. */
export function namedAsSites (reading: Reading, scopes: readonly Scope[], root: XmlElement): Scope[] {
  const names = siteNamesIn(root)
  if (names.length === 0) return [...scopes]
  return scopes.map(scope => {
    if (scope.site === null) return scope
    const site = names.find(name => name.toLowerCase() === scope.site?.toLowerCase())
    if (site === undefined) reading.mistake('unknown-site', scope.container, `there is no site "${scope.site}" in <sites>`)
    return { ...scope, site: site ?? scope.site }
  })
}

/** The names in `<sites>`. */
export function siteNamesIn (root: XmlElement): string[] {
  return root.children.filter(({ name }) => name === 'system.applicationHost')
    .flatMap(group => group.children.filter(({ name }) => name === 'sites'))
    .flatMap(list => list.children.filter(({ name }) => name === 'site'))
    .map(site => site.attributes.get('name')?.value ?? '')
}
