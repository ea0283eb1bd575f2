// The article's site: "ReverseProxy" on http and https, every request for its hosts rewritten to the backend.
// The only file that knows all the packages; they are registered in the order of a request's journey.
import { join } from 'node:path'
import { arrLog } from '@fastify-arr/arr-log'
import { startBackend } from '@fastify-arr/backend'
import { hostRouting } from '@fastify-arr/host-routing'
import { listeners } from '@fastify-arr/listeners'
import { upstreamProxy } from '@fastify-arr/upstream-proxy'
import { urlRewrite, type Rule } from '@fastify-arr/url-rewrite'
import { LogController, type FastifyInstance, type FastifyServerOptions } from 'fastify'
import fp from 'fastify-plugin'
import { announcement } from './start/announcement.ts'
import { readEnvironment, type Settings } from './start/environment.ts'

/** Options of the app; what is left out, the environment says (see `start/environment.ts`). */
export interface AppOptions extends Partial<Settings> {
  /** The bundled backend's time between two pings, ms. Defaults to 20000. */
  pingInterval?: number
  /** The folder of the development certificate. Defaults to `certificates`. */
  certificates?: string
  /** Whether the URLs to open are printed once the site is up. Defaults to false. */
  announce?: boolean
}

const HOSTS = ['localhost', 'reverseproxy.com', 'reverseproxy.localhost']

async function app (fastify: FastifyInstance, options: AppOptions): Promise<void> {
  const settings = { ...readEnvironment(process.env), ...options }
  const upstream = settings.upstream ?? await bundledBackend(fastify, settings)

  await fastify.register(arrLog, { directory: settings.logDirectory })
  await fastify.register(listeners, {
    listeners: [{ label: 'HTTPS_PORT', port: settings.httpsPort, https: true }],
    certificate: 'development',
    development: { folder: options.certificates ?? 'certificates', hosts: HOSTS },
    // Within the grace that `npm start` gives.
    closeTimeout: 3000
  })
  await fastify.register(hostRouting, { sites: [{ name: 'ReverseProxy', id: 1, hosts: HOSTS }] })
  await fastify.register(urlRewrite, { globalRules: [reverseProxy(upstream)] })
  await fastify.register(upstreamProxy, { websocket: true })

  if (settings.announce) announce(fastify, upstream, settings.logDirectory)
}

/**
 * The article's rule, with its two conditions in one that is anchored: IIS's patterns are not, so that `localhost`
 * would match `evil-localhost.example` as well. The rule's third part, an empty `HTTP_SEC_WEBSOCKET_EXTENSIONS`, is
 * what ARR needs and a tunnel does not: the extensions pass.
 */
function reverseProxy (upstream: string): Rule {
  const { origin, pathname } = new URL(upstream)
  const hosts = HOSTS.map(host => host.replaceAll('.', '\\.')).join('|')
  return {
    name: 'ReverseProxy',
    stopProcessing: true,
    match: { url: '(.*)' },
    conditions: { logicalGrouping: 'MatchAny', add: [{ input: '{HTTP_HOST}', pattern: `^(${hosts})\\.?(:\\d+)?$` }] },
    action: { type: 'Rewrite', url: `${origin}${pathname.replace(/\/$/, '')}/{R:1}` }
  }
}

async function bundledBackend (fastify: FastifyInstance, { backendPort, pingInterval }: Settings & AppOptions): Promise<string> {
  try {
    const backend = await startBackend({ port: backendPort, ...(pingInterval === undefined ? {} : { pingInterval }) })
    fastify.addHook('onClose', () => backend.close())
    return `http://localhost:${portOf(backend)}`
  } catch (error) {
    throw Object.assign(error as Error, { label: 'BACKEND_PORT' })
  }
}

function announce (fastify: FastifyInstance, upstream: string, logDirectory: string): void {
  fastify.addHook('onListen', async () => {
    const httpsPort = fastify.listeners.addresses.find(({ protocol }) => protocol === 'https')?.port ?? 0
    // Not through the log: this is for people, and a program that reads JSON from the log must not meet it.
    console.error(announcement({
      httpPort: portOf(fastify),
      httpsPort,
      upstream,
      logFile: join(logDirectory, 'W3SVC1'),
      certificate: fastify.listeners.authorityFile ?? ''
    }))
  })
}

function portOf (fastify: FastifyInstance): number {
  return (fastify.server.address() as { port: number }).port
}

/** What `fastify start --options` gives to Fastify and to the app. Fastify's own two lines per request would say what arr-log says in one. */
export const options: FastifyServerOptions & AppOptions = {
  logController: new LogController({ disableRequestLogging: true }),
  announce: true
}

export default fp(app, { fastify: '5.x', name: 'fastify-arr' })
