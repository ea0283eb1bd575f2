// From the sections to the options of each plugin.
import { readContent } from '../content/read-content.ts'
import { farmProxies, serverFarmOptions } from '../farms/become-options.ts'
import { readFarms } from '../farms/read-farms.ts'
import { endProxying, nameFarms } from '../farms/rules-to-farms.ts'
import { readFilter } from '../filter/read-filter.ts'
import { readServerHeaders } from '../filter/server-header.ts'
import { readErrorPages } from '../error-pages/read-error-pages.ts'
import type { Reading } from '../reading/reading.ts'
import { leadsToFiles } from '../rewrite/checks/local.ts'
import { findRuleMistakes } from '../rewrite/checks/rule-mistakes.ts'
import { readHttpProtocol } from '../rewrite/custom-headers.ts'
import { readHttpRedirects } from '../rewrite/http-redirect.ts'
import type { ScopedOutbound } from '../rewrite/place-outbound.ts'
import { rewriteOptions } from '../rewrite/place-rules.ts'
import { readRewrite, type RewriteSections } from '../rewrite/read-rewrite.ts'
import type { SectionPath } from '../sections/find-sections.ts'
import { readLog, type LogDraft } from '../sections/log.ts'
import { findPlaceMistakes } from '../sections/place-mistakes.ts'
import { readProxy, readWebSocket, upstreamProxyOptions, type ProxyDraft } from '../sections/proxy.ts'
import type { Found, Scope } from '../sections/scopes.ts'
import { readSites, type Sites } from '../sections/sites.ts'
import type { Layout } from '../server/layout.ts'
import { readTraces } from '../tracing/read-traces.ts'
import { noTraces } from '../tracing/trace-switch.ts'
import type { XmlElement } from '../xml/element.ts'
import type { PluginOptions } from './plugin-options.ts'

const FILTERING = 'system.webServer/security/requestFiltering'

/** Reads the sections one after another. The order matters: a farm's settings are told from the proxy's, a site's `<logFile>` comes after the server's, rules need the farms. */
export function compose (reading: Reading, found: ReadonlyMap<SectionPath, readonly Found[]>, handlers: readonly Found[], layout: Layout, open: readonly string[]): PluginOptions {
  const each = (path: SectionPath, visit: (section: Found) => void): void => { found.get(path)?.forEach(visit) }
  const log: LogDraft = { options: {}, from: null }
  const traces = noTraces()
  const proxy: ProxyDraft = { options: {} }
  const sites: Sites[] = []

  each('system.applicationHost/log', ({ element }) => { readLog(reading, element, log) })
  each('system.applicationHost/sites', ({ element }) => { sites.push(readSites(reading, element, { log, traces }, layout)) })
  each('system.webServer/proxy', ({ scope, element }) => {
    if (forAll(reading, scope, element)) readProxy(reading, element, proxy)
  })
  each('system.webServer/webSocket', ({ scope, element }) => {
    if (forAll(reading, scope, element)) readWebSocket(reading, element, proxy)
  })
  const farms = readFarms(reading, (found.get('webFarms') ?? []).map(({ element }) => element), proxy.options)
  const farmsProxied = farmProxies(farms)
  if (farmsProxied !== undefined) proxy.options.farms = farmsProxied

  const rewrite = withOtherRules(reading, readRewrite(reading, found.get('system.webServer/rewrite') ?? [], layout, new Set(farms.filter(({ enabled }) => enabled).map(({ name }) => name.toLowerCase()))), found)
  findRuleMistakes(reading, rewrite, sites.some(({ bindings }) => bindings.some(({ binding }) => binding.protocol === 'https')))
  // Where files are served, it is these that such rules lead to.
  if (layout.served.length === 0) reading.local.push(...leadsToFiles(rewrite))
  findPlaceMistakes(reading, { server: layout.server, allowed: rewrite.allowed, found, bindings: sites.flatMap(({ bindings }) => bindings) })
  const read = rewrite.lists.flatMap(list => list.rules)
  const rules = read.map(({ rule }) => rule)
  if (proxy.enabled === false) endProxying(reading, read, farms)
  nameFarms(reading, read, farms)
  const siteNames = sites.flatMap(({ hostRouting }) => hostRouting.sites.map(({ name }) => name))
  const urlRewrite = rewriteOptions(reading, rewrite, siteNames, layout)
  const proxied = rules.some(({ action }) => action?.type === 'Rewrite' && /^(https?|wss?):/i.test(action.url))
  if (proxied) {
    reading.differsGenerally({
      code: 'forwarded-for',
      note: 'what a balancer in front says in X-Forwarded-For and X-Forwarded-Proto is replaced, since any client could say it; ARR appends to the first and leaves the other',
      advice: 'where one stands in front: start with --trust-proxy and its addresses, or set trustProxy of Fastify'
    })
    if (!found.has(FILTERING)) {
      reading.differsGenerally({
        code: 'request-filtering',
        note: 'without <requestFiltering> nothing is filtered here; IIS filters all the same, by its defaults: bodies up to 30000000 bytes, URLs up to 4096, queries up to 2048, no doubly escaped URLs, hidden segments and file extensions',
        advice: 'to have them here: <security><requestFiltering /></security> in <system.webServer>'
      })
    }
  }
  const upstreamProxy = upstreamProxyOptions(proxy, proxied)
  const serverFarm = serverFarmOptions(farms)
  const requestTrace = readTraces(reading, found.get('system.webServer/tracing/traceFailedRequests') ?? [], traces, siteNames)
  const requestFilter = readFilter(reading, found, layout, open)
  const staticContent = readContent(reading, found, handlers, layout)
  const errorPages = readErrorPages(reading, found.get('system.webServer/httpErrors') ?? [], layout)
  const [site] = sites
  return {
    ...site !== undefined && siteNames.length > 0 && { hostRouting: site.hostRouting, listeners: site.listeners },
    ...requestFilter !== undefined && { requestFilter },
    ...errorPages !== null && { errorPages },
    ...Object.keys(urlRewrite).length > 0 && { urlRewrite },
    ...staticContent !== null && { staticContent },
    ...serverFarm !== undefined && { serverFarm },
    ...upstreamProxy !== undefined && { upstreamProxy },
    ...log.from !== null && { arrLog: log.options },
    ...requestTrace !== null && { requestTrace }
  }
}

/** Whether a section is for the whole server. The proxy's options are the same for all sites and paths, so settings for one of them are reported as lost. */
function forAll (reading: Reading, { site, path }: Scope, element: XmlElement): boolean {
  if (site === null && path === '/') return true
  reading.losesAll(element, `the proxy's options are the same for all sites and paths, and this is for ${site ?? ''}${path} alone`)
  return false
}

/** Adds the rules that `<httpRedirect>` and `<customHeaders>` become, behind those of `<rewrite>`. */
function withOtherRules (reading: Reading, sections: RewriteSections, found: ReadonlyMap<SectionPath, readonly Found[]>): RewriteSections {
  const redirects = readHttpRedirects(reading, found.get('system.webServer/httpRedirect') ?? [])
  const headers = (found.get('system.webServer/httpProtocol') ?? []).map(({ scope, element }): ScopedOutbound =>
    ({ kind: 'customHeaders', scope, element, ...readHttpProtocol(reading, element) }))
  return {
    ...sections,
    lists: [...sections.lists, ...redirects],
    outbound: [...sections.outbound, ...headers, ...readServerHeaders(reading, found.get(FILTERING) ?? [])]
  }
}
