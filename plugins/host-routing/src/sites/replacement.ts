// What does a new table of sites change?

import type { SiteInfo, SitesReplaced } from '@fastify-arr/facts'

/** Compares two tables, by the names of the sites that are served. */
export function compare (before: ReadonlyMap<string, SiteInfo>, after: ReadonlyMap<string, SiteInfo>): SitesReplaced {
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
