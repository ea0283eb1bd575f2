// The picture in the root README, as code: the article's site "ReverseProxy" in front of its backend or, with `--web-config`,
// the site of files of IIS. The only file that knows all the packages; they are registered in the order of a request's journey.
import { arrLog } from '@fastify-arr/arr-log'
import { errorPages } from '@fastify-arr/error-pages'
import { hostRouting } from '@fastify-arr/host-routing'
import { listeners } from '@fastify-arr/listeners'
import { metrics } from '@fastify-arr/metrics'
import { monitor } from '@fastify-arr/monitor'
import { requestFilter } from '@fastify-arr/request-filter'
import { requestTrace } from '@fastify-arr/request-trace'
import { serverFarm } from '@fastify-arr/server-farm'
import { staticContent } from '@fastify-arr/static-content'
import { upstreamProxy } from '@fastify-arr/upstream-proxy'
import { urlRewrite } from '@fastify-arr/url-rewrite'
import { workers } from '@fastify-arr/workers'
import { LogController, type FastifyInstance, type FastifyRequest, type FastifyServerOptions } from 'fastify'
import fp from 'fastify-plugin'
import { announce } from './start/announcement/announce.ts'
import { refuseUrl } from './start/bad-url.ts'
import { endStart } from './start/end/failure.ts'
import { hearLeaving, leaveLater, stays } from './start/end/leaving.ts'
import { endStragglers } from './start/end/stragglers.ts'
import { certificatesOf, entriesIn } from './start/settings/certificates.ts'
import { acmeOf, isAcme } from './start/settings/acme.ts'
import { queueMore } from './start/queue.ts'
import { readEnvironment, type Settings } from './start/settings/environment.ts'
import { trustedProxies } from './start/settings/trusted-proxies.ts'
import { HOSTS, ONE_SITE } from './start/site/article.ts'
import { bundledBackend } from './start/site/bundled-backend.ts'
import { securedListeners } from './start/site/certificates.ts'
import { nameOf, siteOfFile } from './start/site/file.ts'
import type { SiteParts } from './start/site/parts.ts'
import { traceFolder, tracesOf } from './start/site/traces.ts'
import { tunnelsOf } from './start/site/tunnels.ts'
import { upstreamsSite } from './start/site/upstream.ts'

/** Options of the app; what is left out, the environment says (see `start/settings/environment.ts`). */
export interface AppOptions extends Partial<Settings> {
  /** The bundled backend's time between two pings, ms. Defaults to 20000. */
  pingInterval?: number
  /** Whether the URLs to open are printed once the site is up. Defaults to false. */
  announce?: boolean
}

// How long the last requests may take when the site closes, ms. Within the grace that `npm start` gives. WebSockets that have longer take the sessions of HTTP/2 with them.
const PATIENCE = 3000

async function app (fastify: FastifyInstance, options: AppOptions): Promise<void> {
  const environment = readEnvironment(process.env)
  // fastify-cli passes `--files=false` as a text; the environment has it as it is meant.
  const settings = { ...environment, ...options, files: typeof options.files === 'boolean' ? options.files : environment.files }
  const { webConfig = null, upstream = null } = settings
  const { deadline } = settings.leaving
  const patience = deadline > PATIENCE + 500 ? deadline : PATIENCE
  endStragglers(fastify, patience)
  queueMore(fastify)

  // Where several processes serve: it comes before all that listens.
  if (settings.workers !== null) {
    hearLeaving()
    await fastify.register(workers)
  }

  // What is behind the site: a file's rules say it, or it is the upstream, or the bundled backend.
  const source = webConfig !== null ? nameOf(webConfig) : upstream ?? await bundledBackend(fastify, settings)
  const site: SiteParts = webConfig === null ? upstreamsSite(source, settings) : siteOfFile(fastify, webConfig, settings)

  // The metrics come first: they count the requests whose hooks run after their own.
  if (settings.metricsPort !== null) await fastify.register(metrics, { listen: { port: settings.metricsPort, host: settings.metricsHost }, ready: stays })

  // The monitor as well. Who opens it sits at this machine, and may close WebSockets.
  if (settings.monitorPort !== null) await fastify.register(monitor, { listen: { port: settings.monitorPort }, actions: true })

  // The log comes before the others, so that its line has all that the others do to a request.
  const { logDirectory } = settings
  await fastify.register(arrLog, { ...site.arrLog, ...logDirectory === null ? { file: false } : { directory: logDirectory } })

  // The traces come next, so that they have all of it as well.
  const traces = settings.traces && logDirectory !== null ? tracesOf(site, logDirectory) : null
  if (traces !== null) await fastify.register(requestTrace, traces)

  // The pages for errors come before all that may fail.
  if (site.errorPages !== undefined) await fastify.register(errorPages, site.errorPages)

  // Where connections come in.
  const { certificates: folder, httpsPort } = settings
  const entries = entriesIn(settings.certificate)
  const acme = acmeOf(entries, folder)
  const given = [...certificatesOf(entries.filter(entry => !isAcme(entry)), process.env), ...acme === null ? [] : ['acme'] as const]
  const { listeners: own } = site
  await fastify.register(listeners, {
    ...own === undefined
      ? { listeners: httpsPort === null ? [] : [{ label: 'HTTPS_PORT', port: httpsPort, https: true }], certificate: [...given, 'development'], development: { folder, hosts: HOSTS } }
      : securedListeners({ ...site, listeners: own }, given, settings.developmentCertificate, folder),
    ...acme !== null && { acme },
    closeTimeout: patience
  })

  // Which site a request is for.
  await fastify.register(hostRouting, site.hostRouting ?? ONE_SITE)

  // What may come in. A file of IIS may say so later: then the filter is there, and has nothing to refuse.
  const filters = webConfig !== null || site.requestFilter !== undefined
  if (filters) await fastify.register(requestFilter, site.requestFilter ?? {})

  // What its URL becomes. IIS sends the original URL to the upstream, and does not take the header from a client.
  await fastify.register(urlRewrite, { ...site.urlRewrite, originalUrlHeader: webConfig !== null })

  // Where a rule leads to no URL, the site's folder may have the file.
  if (site.staticContent !== undefined) await fastify.register(staticContent, site.staticContent)

  // Where a rule leads to a farm, one of its servers takes it. A file of IIS may bring farms later.
  if (webConfig !== null || site.serverFarm !== undefined) await fastify.register(serverFarm, site.serverFarm ?? {})

  const { maxBodySize } = site.upstreamProxy ?? {}
  // There it is taken, and the answer comes back by the outbound rules.
  await fastify.register(upstreamProxy, {
    ...site.upstreamProxy,
    websocket: tunnelsOf(site, settings),
    // The filter refuses bodies by the length that is announced; the proxy counts those that announce none.
    ...filters && { maxBodySize: (request: FastifyRequest) => fastify.requestFilter.maxBodySize(request) ?? (typeof maxBodySize === 'function' ? maxBodySize(request) : maxBodySize) },
    // As ARR does: from the client's connection, and never from the client's own headers.
    arrHeaders: webConfig !== null,
    rewriteResponse: (request, answer) => fastify.urlRewrite.rewriteResponse(request, answer)
  })

  fastify.addHook('onListen', async () => {
    process.off('unhandledRejection', endStart)
    leaveLater(settings.leaving.delay)
  })
  const behind = { kind: webConfig !== null ? 'file' : upstream !== null ? 'upstream' : 'backend', source } as const
  if (settings.announce) announce(fastify, behind, logDirectory, traces === null || logDirectory === null ? null : traceFolder(logDirectory))
}

// `TRUST_PROXY`: which proxies in front are believed when they say who the client is and how it came.
const trusted = trustedProxies(process.env.TRUST_PROXY)

/** What `fastify start --options` gives to Fastify and to the app. arr-log's one line per exchange replaces Fastify's two. */
export const options: FastifyServerOptions & AppOptions = {
  logController: new LogController({ disableRequestLogging: true }),
  frameworkErrors: refuseUrl,
  ...trusted.length > 0 && { trustProxy: trusted },
  announce: true
}

export default fp(app, { fastify: '5.x', name: 'fastify-arr' })
