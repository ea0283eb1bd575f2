// Which rules would be tried for a URL that somebody types, and what would come out?
import type { Explanation, ServerFacts, SiteInfo } from '@fastify-arr/facts'
import type { Views } from '../views.ts'

/** What url-rewrite explains; no fact has a type for it. */
export interface Explainer {
  explain (imagined: { readonly method: string, readonly url: string, readonly headers: Readonly<Record<string, string>>, readonly encrypted: boolean, readonly localPort: string, readonly siteName: string, readonly siteId: string }): Promise<Explanation>
}

/** Explains a URL, absolute or a path, whose host `headers` may have. Undefined where nobody can tell, or where it is no URL. */
export async function explain (rules: Partial<Explainer> | undefined, sites: ServerFacts['sites'], { method, url, headers }: Parameters<Views['explain']>[0]): Promise<Explanation | undefined> {
  if (rules?.explain === undefined) return undefined
  const asked = askedOf(url, headers)
  if (asked === undefined) return undefined
  const site = sites === undefined ? undefined : siteOf(sites, asked)
  return await rules.explain({
    method,
    url: `${asked.pathname}${asked.search}`,
    headers: { ...headers, host: asked.host },
    encrypted: asked.protocol === 'https:',
    localPort: String(portOf(asked)),
    siteName: site?.name ?? '',
    siteId: site === undefined ? '' : String(site.id)
  })
}

function askedOf (url: string, headers: Readonly<Record<string, string>>): URL | undefined {
  const host = Object.entries(headers).find(([name]) => name.toLowerCase() === 'host')?.[1] ?? 'localhost'
  try {
    const asked = new URL(url.replace(/^ws(s?):\/\//i, 'http$1://'), `http://${host}`)
    return asked.protocol === 'http:' || asked.protocol === 'https:' ? asked : undefined
  } catch {
    return undefined
  }
}

/** The site whose binding fits best: an exact host, then the longest wildcard, then any host. Bindings of single addresses are left out: no address is typed. */
function siteOf (sites: Iterable<SiteInfo>, asked: URL): SiteInfo | undefined {
  let best: SiteInfo | undefined
  let most = 0
  for (const site of sites) {
    if (!site.enabled) continue
    for (const { protocol, host, port } of site.bindings) {
      if ((protocol !== null && `${protocol}:` !== asked.protocol) || (port !== null && port !== portOf(asked))) continue
      const fit = fitOf(host, asked.hostname) + (port === null ? 0 : 0.5)
      if (fit >= 1 && fit > most) [best, most] = [site, fit]
    }
  }
  return best
}

/** 0 for a host that does not fit. */
function fitOf (pattern: string, host: string): number {
  if (pattern === host) return 1_000
  if (pattern === '*') return 1
  return pattern.startsWith('*.') && host.endsWith(pattern.slice(1)) ? 1 + pattern.length : 0
}

function portOf ({ port, protocol }: URL): number {
  return port !== '' ? Number(port) : protocol === 'https:' ? 443 : 80
}
