// What is the article's site? Its hosts and its one rule.
import type { HostRoutingOptions } from '@fastify-arr/host-routing'
import type { SiteParts } from './parts.ts'

/** The article's two hosts, and one that browsers resolve to this machine without a hosts file (RFC 6761 §6.3). */
export const HOSTS = ['localhost', 'reverseproxy.com', 'reverseproxy.localhost']

/** The one site of a file that names no sites: a web.config belongs to one site, whatever its hosts are. */
export const ONE_SITE: HostRoutingOptions = { sites: [{ name: 'ReverseProxy', id: 1, hosts: ['*'] }] }

/**
 * The site in front of an upstream. The article's two conditions are one anchored pattern here: IIS does not anchor patterns, so
 * that `localhost` would match `evil-localhost.example` as well. The rule's third part, an empty
 * `HTTP_SEC_WEBSOCKET_EXTENSIONS`, is left out: ARR needs it, a tunnel passes the extensions.
 */
export function articlesSite (upstream: string, names: readonly string[] = HOSTS): SiteParts {
  const { origin, pathname } = new URL(upstream)
  const hosts = names.map(host => host.replaceAll('.', '\\.')).join('|')
  return {
    arrLog: { fields: 'article' },
    hostRouting: { sites: [{ name: 'ReverseProxy', id: 1, hosts: [...names] }] },
    urlRewrite: {
      globalRules: [{
        name: 'ReverseProxy',
        stopProcessing: true,
        match: { url: '(.*)' },
        // Of other hosts, host-routing has let in none but the site's.
        ...names === HOSTS && { conditions: { logicalGrouping: 'MatchAny', add: [{ input: '{HTTP_HOST}', pattern: `^(${hosts})\\.?(:\\d*)?$` }] } },
        action: { type: 'Rewrite', url: `${origin}${pathname.replace(/\/$/, '')}/{R:1}` }
      }]
    }
  }
}
