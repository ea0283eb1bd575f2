// Which URLs does a site have? A line for each host.
import type { SiteBinding } from '@fastify-arr/facts'

/** The URLs of each host; a wildcard is left out, because no browser can open it. */
export function siteUrls (bindings: readonly SiteBinding[], ports: Readonly<Record<'http' | 'https', number | null>>): string[][] {
  const byHost = new Map<string, Set<string>>()
  for (const { protocol, host: bound, port } of bindings) {
    if (bound.startsWith('*.')) continue
    const host = bound === '*' ? 'localhost' : bound
    const urls = byHost.get(host) ?? new Set()
    byHost.set(host, urls)
    for (const scheme of protocol === null ? ['http', 'https'] as const : [protocol]) {
      const at = port ?? ports[scheme]
      if (at !== null) urls.add(`${scheme}://${host}${at === (scheme === 'https' ? 443 : 80) ? '' : `:${at}`}`)
    }
  }
  return [...byHost.values()].map(urls => [...urls])
}
