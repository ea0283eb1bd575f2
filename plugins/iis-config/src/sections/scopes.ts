// Scopes: whether a part of a configuration is for the server, one site, or one directory of a site.
import type { Reading } from '../reading/reading.ts'
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
export function scopesOf (reading: Reading, root: XmlElement, server: boolean): Scope[] {
  reading.container(root)
  const scopes: Scope[] = [server
    ? { level: 'server', site: null, path: '/', container: root }
    : { level: 'site', site: null, path: '/', container: root }]
  for (const container of root.children) {
    if (container.name !== 'location') continue
    reading.container(container)
    for (const lock of ['overrideMode', 'allowOverride']) {
      reading.differs(reading.attribute(container, lock), 'what a child file may override is not limited here')
    }
    const inherit = reading.flag(container, 'inheritInChildApplications')
    if (inherit === false) reading.differs(container.attributes.get('inheritInChildApplications'), 'the settings also apply to applications below, where they have none of their own')
    const parts = (reading.text(container, 'path') ?? '').split('/').filter(part => part !== '' && part !== '.')
    if (!server) scopes.push({ level: parts.length === 0 ? 'site' : 'path', site: null, path: `/${parts.join('/')}`, container })
    else if (parts.length === 0) scopes.push({ level: 'server', site: null, path: '/', container })
    else scopes.push({ level: parts.length === 1 ? 'site' : 'path', site: parts[0] as string, path: `/${parts.slice(1).join('/')}`, container })
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
    else before.push(one)
  }
  return ({ site, path }, here = false) => {
    const paths = ['/']
    for (const part of path.split('/', DEEPEST).slice(1)) if (part !== '') paths.unshift(`${paths[0] === '/' ? '' : paths[0] ?? ''}/${part}`)
    return (site === null ? [null] : [site, null]).flatMap(place => paths.flatMap(one => !here && place === site && one === path ? [] : byPlace.get(key(place, one)) ?? []))
  }
}

/** Gives scopes the names of `<sites>`: names in `<location>` are not case-sensitive. A name that no site has is a mistake. */
export function namedAsSites (reading: Reading, scopes: readonly Scope[], root: XmlElement): Scope[] {
  const names = root.children.filter(({ name }) => name === 'system.applicationHost')
    .flatMap(group => group.children.filter(({ name }) => name === 'sites'))
    .flatMap(list => list.children.filter(({ name }) => name === 'site'))
    .map(site => site.attributes.get('name')?.value ?? '')
  if (names.length === 0) return [...scopes]
  return scopes.map(scope => {
    if (scope.site === null) return scope
    const site = names.find(name => name.toLowerCase() === scope.site?.toLowerCase())
    if (site === undefined) reading.mistake('unknown-site', scope.container, `there is no site "${scope.site}" in <sites>`)
    return { ...scope, site: site ?? scope.site }
  })
}
