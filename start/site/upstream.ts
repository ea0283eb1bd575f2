// What is the site in front of an upstream? The article's rule for its hosts, or for others; and one server, or all that a name resolves to.
import { articlesSite, HOSTS } from './article.ts'
import type { MachineSettings } from '../settings/machine.ts'
import type { SiteParts } from './parts.ts'

/** The farm's name, the host of its URLs: no name of DNS has an underscore at its end. */
const FARM = 'upstream_'

/** Its parts. */
export function upstreamsSite (upstream: string, { hosts, upstreamDns }: Pick<MachineSettings, 'hosts' | 'upstreamDns'>): SiteParts {
  const url = new URL(upstream)
  const names = hosts ?? HOSTS
  if (!upstreamDns) return articlesSite(upstream, names)
  const { hostname, port, protocol, pathname } = url
  const own = port === '' ? undefined : Number(port)
  return {
    ...articlesSite(`${protocol}//${FARM}${pathname}`, names),
    serverFarm: {
      farms: [{
        name: FARM,
        servers: { dns: hostname, ...own !== undefined && { server: protocol === 'https:' ? { httpsPort: own } : { httpPort: own } } },
        algorithm: 'leastTunnels',
        affinity: { cookie: 'ARRAffinity' }
      }]
    }
  }
}
