// Which routes belong to one site? The router's `constraints: { site: 'ReverseProxy' }`.

import type { IncomingMessage } from 'node:http'

/**
 * The constraint strategy `site`. Routes without the constraint match as well where a site has none of its own.
 * Mind the router's limit of 31 constrained routes per URL and method: beyond it, read `request.site` in one route.
 *
 * @param nameOf tells the name of the site a request is for.
 */
export function siteConstraint (nameOf: (request: IncomingMessage) => string | undefined) {
  return {
    name: 'site',
    storage () {
      const handlers = new Map<string, unknown>()
      return {
        get: (site: string) => (handlers.get(site) ?? null) as any,
        set: (site: string, handler: unknown) => { handlers.set(site, handler) }
      }
    },
    deriveConstraint: (request: any) => nameOf(request),
    validate (site: unknown) {
      if (typeof site !== 'string') throw new TypeError('constraints.site must be the name of a site')
    }
  }
}
