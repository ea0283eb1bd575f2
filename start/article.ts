// What is the article's site? Its hosts and its one rule.
import type { HostRoutingOptions } from '@fastify-arr/host-routing'
import type { UrlRewriteOptions } from '@fastify-arr/url-rewrite'

/** What a site is made of; a file of IIS says more of it than the article does. */
export interface ArticlesSite {
  readonly hostRouting: HostRoutingOptions
  readonly urlRewrite: UrlRewriteOptions
}

/** The article's two, and one that browsers resolve to this machine without a hosts file (RFC 6761 §6.3). */
export const HOSTS = ['localhost', 'reverseproxy.com', 'reverseproxy.localhost']

/** The one site of a file that tells of none: a web.config is one site's, whatever its hosts are. */
export const ONE_SITE: HostRoutingOptions = { sites: [{ name: 'ReverseProxy', id: 1, hosts: ['*'] }] }

/**
 * The site in front of an upstream. The rule's two conditions are one that is anchored: IIS's patterns are not, so that
 * `localhost` would match `evil-localhost.example` as well. The rule's third part, an empty
 * `HTTP_SEC_WEBSOCKET_EXTENSIONS`, is what ARR needs and a tunnel does not: the extensions pass.
 */
export function articlesSite (upstream: string): ArticlesSite {
  const { origin, pathname } = new URL(upstream)
  const hosts = HOSTS.map(host => host.replaceAll('.', '\\.')).join('|')
  return {
    hostRouting: { sites: [{ name: 'ReverseProxy', id: 1, hosts: HOSTS }] },
    urlRewrite: {
      globalRules: [{
        name: 'ReverseProxy',
        stopProcessing: true,
        match: { url: '(.*)' },
        conditions: { logicalGrouping: 'MatchAny', add: [{ input: '{HTTP_HOST}', pattern: `^(${hosts})\\.?(:\\d*)?$` }] },
        action: { type: 'Rewrite', url: `${origin}${pathname.replace(/\/$/, '')}/{R:1}` }
      }]
    }
  }
}
