// What does a new table of sites change?

import type { SiteInfo } from './compile.ts'

/** What a replacement of the table changed, as names of sites. */
export interface Replacement {
  readonly added: readonly string[]
  /** No longer there, or no longer enabled: their WebSockets are drained. */
  readonly removed: readonly string[]
  readonly kept: readonly string[]
}

/** Compares two tables, by the names of the sites that are served. */
export function compare (before: ReadonlyMap<string, SiteInfo>, after: ReadonlyMap<string, SiteInfo>): Replacement {
  const served = (sites: ReadonlyMap<string, SiteInfo>): string[] => [...sites.values()].filter(site => site.enabled).map(site => site.name)
  const was = served(before)
  const is = served(after)
  const old = new Set(was)
  const current = new Set(is)
  return {
    added: is.filter(name => !old.has(name)),
    removed: was.filter(name => !current.has(name)),
    kept: is.filter(name => old.has(name))
  }
}
