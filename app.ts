// The article's site: "ReverseProxy" on http and https, every request for its hosts rewritten to the backend. Or, with
// `--web-config`, the site of a file of IIS. The only file that knows all the packages; they are registered in the
// order of a request's journey.
import { join } from 'node:path'
import { arrLog, type ArrLogOptions } from '@fastify-arr/arr-log'
import { startBackend } from '@fastify-arr/backend'
import { hostRouting, type HostRoutingOptions } from '@fastify-arr/host-routing'
import { watchConfig } from '@fastify-arr/iis-config'
import { listeners, type ListenersOptions } from '@fastify-arr/listeners'
import { upstreamProxy, type UpstreamProxyOptions } from '@fastify-arr/upstream-proxy'
import { urlRewrite, type UrlRewriteOptions } from '@fastify-arr/url-rewrite'
import { LogController, type FastifyInstance, type FastifyServerOptions } from 'fastify'
import fp from 'fastify-plugin'
import { announcement } from './start/announcement.ts'
import { articlesSite, HOSTS, ONE_SITE } from './start/article.ts'
import { refuseUrl } from './start/bad-url.ts'
import { EnvironmentError, namesIn, readEnvironment, type Settings } from './start/environment.ts'
import { endStart } from './start/failure.ts'
import { takeOver, tellReport } from './start/reload.ts'
import { endStragglers } from './start/stragglers.ts'

/** Options of the app; what is left out, the environment says (see `start/environment.ts`). */
export interface AppOptions extends Partial<Settings> {
  /** The bundled backend's time between two pings, ms. Defaults to 20000. */
  pingInterval?: number
  /** The folder of the development certificate. Defaults to `certificates`. */
  certificates?: string
  /** Whether the URLs to open are printed once the site is up. Defaults to false. */
  announce?: boolean
}

/** What each plugin is registered with; a key that is missing leaves it to the app. */
interface Site {
  readonly arrLog?: ArrLogOptions
  readonly listeners?: ListenersOptions
  readonly hostRouting?: HostRoutingOptions
  readonly urlRewrite?: UrlRewriteOptions
  readonly upstreamProxy?: UpstreamProxyOptions
}

// How long the last requests and WebSockets may take when the site closes, ms. Within the grace that `npm start` gives.
const PATIENCE = 3000

async function app (fastify: FastifyInstance, options: AppOptions): Promise<void> {
  const settings = { ...readEnvironment(process.env), ...options }
  const { webConfig = null, upstream = null } = settings
  endStragglers(fastify, PATIENCE)
  const source = webConfig ?? upstream ?? await bundledBackend(fastify, settings)
  const site: Site = webConfig === null ? articlesSite(source) : siteOfFile(fastify, webConfig, settings)

  await fastify.register(arrLog, { ...site.arrLog, directory: settings.logDirectory })
  await fastify.register(listeners, {
    listeners: site.listeners?.listeners ?? [{ label: 'HTTPS_PORT', port: settings.httpsPort, https: true }],
    certificate: 'development',
    development: { folder: settings.certificates ?? 'certificates', ...(site.listeners === undefined && { hosts: HOSTS }) },
    closeTimeout: PATIENCE
  })
  await fastify.register(hostRouting, site.hostRouting ?? ONE_SITE)
  // IIS tells the upstream what was asked for, and takes no client's word on it.
  await fastify.register(urlRewrite, { ...site.urlRewrite, originalUrlHeader: webConfig !== null })
  await fastify.register(upstreamProxy, {
    ...site.upstreamProxy,
    rewriteResponse: (request, answer) => fastify.urlRewrite.rewriteResponse(request, answer)
  })

  fastify.addHook('onListen', async () => { process.off('unhandledRejection', endStart) })
  if (settings.announce) announce(fastify, source, settings.logDirectory)
}

/** The article's backend. */
async function bundledBackend (fastify: FastifyInstance, { backendPort, pingInterval }: Settings & AppOptions): Promise<string> {
  try {
    const backend = await startBackend({ port: backendPort, ...(pingInterval === undefined ? {} : { pingInterval }) })
    fastify.addHook('onClose', () => backend.close())
    return `http://localhost:${portOf(backend)}`
  } catch (error) {
    throw Object.assign(error as Error, { label: 'BACKEND_PORT' })
  }
}

/** What a file of IIS says; from now on its changes are taken over. */
function siteOfFile (fastify: FastifyInstance, file: string, { httpPort, open }: Settings): Site {
  // A change that comes while the site is still starting waits: before that, nobody is there to take it over.
  const changes: Array<() => void> = []
  let isReady = false
  const watched = watchConfig(file, (error, config) => {
    const change = (): void => { inForce = takeOver(fastify, file, inForce, error, config) }
    if (isReady) change(); else changes.push(change)
  }, { open: namesIn(open) })
  let inForce = watched.config.options
  fastify.addHook('onReady', async () => {
    isReady = true
    for (const change of changes.splice(0)) change()
  })
  fastify.addHook('onClose', async () => watched.close())
  if (inForce.listeners?.listeners.some(({ port }) => port === httpPort) === true) {
    throw new EnvironmentError(`HTTP_PORT is ${httpPort}, which a binding of ${file} has already: choose another one, or 0 for a free one.`)
  }
  tellReport(fastify.log, watched.config.report)
  // The reader describes the plugins' options by their structure; that they fit is tested, and they are validated anyway.
  return inForce as Site
}

function announce (fastify: FastifyInstance, source: string, logDirectory: string): void {
  fastify.addHook('onListen', async () => {
    // Not through the log: this is for people, and a program that reads JSON from the log must not meet it.
    console.error(announcement({
      httpPort: portOf(fastify),
      httpsPort: fastify.listeners.addresses.find(({ protocol }) => protocol === 'https')?.port ?? null,
      source,
      bindings: [...fastify.sites].flatMap(site => site.enabled ? site.bindings : []),
      logFolder: logFolder(fastify, logDirectory),
      certificate: fastify.listeners.authorityFile
    }))
  })
}

/** Each site has a folder of its own in the log's. */
function logFolder (fastify: FastifyInstance, directory: string): string {
  const [first, ...others] = [...fastify.sites].filter(site => site.enabled)
  return first === undefined || others.length > 0 ? directory : join(directory, `W3SVC${first.id}`)
}

function portOf (fastify: FastifyInstance): number {
  return (fastify.server.address() as { port: number }).port
}

/** What `fastify start --options` gives to Fastify and to the app. Fastify's own two lines per request would say what arr-log says in one. */
export const options: FastifyServerOptions & AppOptions = {
  logController: new LogController({ disableRequestLogging: true }),
  frameworkErrors: refuseUrl,
  announce: true
}

export default fp(app, { fastify: '5.x', name: 'fastify-arr' })
