// What does each directory inherit? The lists of a place with those of the places above, and what `inheritInChildApplications` keeps from an application.
import type { Layout } from './layout.ts'
import { reaches, type Scope } from '../sections/scopes.ts'

/** A directory of a site, and what holds for it. */
export interface ScopedPlace<T> {
  readonly site: string | null
  readonly path: string
  /** What is written for this place, in the order of the files. */
  readonly own: readonly T[]
  /** What is written for places above, and inherited: the outer place before the inner. */
  readonly inherited: readonly T[]
  /** What is written for places above, and not inherited by this application. */
  readonly cut: readonly T[]
}

/** Every place that has something of its own, and every application, the outer before the inner. */
export function placesOf<T extends { readonly scope: Scope }> (all: readonly T[], applications: Layout['applications']): ScopedPlace<T>[] {
  const places = new Map<string, { site: string | null, path: string }>()
  const key = ({ site, path }: { readonly site: string | null, readonly path: string }): string => `${site ?? ''}${path.toLowerCase()}`
  for (const { scope } of all) places.set(key(scope), { site: scope.site, path: scope.path })
  for (const one of applications) places.set(key(one), { site: one.site, path: one.path })
  return [...places.values()].sort((a, b) => a.path.length - b.path.length).map(place => {
    const own = all.filter(({ scope }) => key(scope) === key(place))
    const further = all.filter(({ scope }) => isAbove(scope, place)).sort((a, b) => depthOf(a.scope) - depthOf(b.scope))
    const scope = own[0]?.scope ?? scopeAt(place)
    // Below the root of an application it has been kept out already.
    const isRoot = scope.among?.application === place.path.toLowerCase()
    return { site: place.site, path: place.path, own, inherited: further.filter(one => reaches(one.scope, scope)), cut: isRoot ? further.filter(one => !reaches(one.scope, scope)) : [] }
  })
}

/** Whether a place is above another one. */
function isAbove ({ site, path }: Scope, place: { readonly site: string | null, readonly path: string }): boolean {
  if (site === null && place.site !== null) return true
  return site === place.site && path.toLowerCase() !== place.path.toLowerCase() && (path === '/' || place.path.toLowerCase().startsWith(`${path.toLowerCase()}/`))
}

const depthOf = ({ site, path }: Scope): number => site === null && path === '/' ? 0 : path === '/' ? 1 : path.split('/').length

/** The scope of an application of which nothing is written. */
function scopeAt ({ site, path }: { readonly site: string | null, readonly path: string }): Scope {
  return { level: 'path', site, path, container: NOTHING, among: { rank: Infinity, application: path.toLowerCase(), inherits: true } }
}

const NOTHING: Scope['container'] = { name: 'location', namespace: '', attributes: new Map(), children: [], parent: null, place: { file: '', line: 1, column: 1 }, text: '' }
