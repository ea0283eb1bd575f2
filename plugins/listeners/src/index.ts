// Where do connections come in? The plugin that opens more listeners for the one Fastify server.

import type { AcmeName, ListenerAddress, ServedCertificate, SiteInfo, Told } from '@fastify-arr/facts'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { ClosedError, InvalidOptionsError } from './errors.ts'
import { openListeners, type OpenListeners } from './opening/listeners.ts'
import { secondServers } from './opening/second-server.ts'
import { openWithServer, waitWithServer } from './opening/with-server.ts'
import { readAcme } from './acme/settings.ts'
import { isHere, ONCE } from './once-in-scope.ts'
import type { ListenersOptions } from './options.ts'
import { planListeners } from './plan/plan.ts'
import { serverDestination } from './protocols/server-destination.ts'

export type { AcmeName, ListenerAddress, ServedCertificate } from '@fastify-arr/facts'
export { howToTrust } from './certificates/how-to-trust.ts'
export type { ListenerError } from './errors.ts'
export type { AcmeOptions, CertificateOptions, LimitOptions, ListenerHttpsOptions, ListenerOptions, ListenersOptions, PemCertificateOptions, PfxCertificateOptions } from './options.ts'

/** `fastify.listeners` */
export interface Listeners {
  /** Where the listeners listen; empty until they do. */
  readonly addresses: readonly ListenerAddress[]
  /** The development authority's certificate, the file to trust; null where none is used. */
  readonly authorityFile: string | null
  /** The certificates that are served, with the end of each; empty until the listeners listen. */
  readonly certificates: readonly ServedCertificate[]
  /** The names of `certificate: 'acme'`, and when each is ordered next; empty where it is not used. */
  readonly acme: readonly AcmeName[]
  /**
   * Opens the listeners, all or none. Does nothing where they are open.
   *
   * @throws one error that names the listener (FST_ARR_LISTENERS_…).
   */
  listen (): Promise<readonly ListenerAddress[]>
  /**
   * Reads all certificates again now, files and development certificate alike; open connections keep theirs.
   *
   * @throws FST_ARR_LISTENERS_CERTIFICATE; that listener's old certificates stay.
   */
  reload (): Promise<void>
}

declare module 'fastify' {
  interface FastifyInstance {
    listeners: Listeners
  }
}

async function plugin (fastify: FastifyInstance, options: ListenersOptions): Promise<void> {
  if (isHere(fastify)) throw new InvalidOptionsError(ONCE)
  const plans = planListeners(options)
  const acme = options.acme === undefined ? null : readAcme(options.acme, () => {})
  const { folder = 'certificates', hosts } = options.development ?? {}
  const destination = serverDestination(fastify)
  const second = secondServers(fastify)
  let open: OpenListeners | null = null
  let opening: Promise<readonly ListenerAddress[]> | null = null
  let closing = false
  let closingSecond: Promise<void> | null = null

  fastify.decorate('listeners', {
    get addresses () { return open?.addresses ?? [] },
    get authorityFile () { return open?.authorityFile ?? null },
    get certificates () { return open?.certificates ?? [] },
    get acme () { return open?.acme ?? [] },
    listen () {
      opening ??= openAll().finally(() => { if (open === null) opening = null })
      return opening
    },
    reload: async () => { await open?.reload() }
  } satisfies Listeners)

  if (options.open !== 'manual') {
    openWithServer(fastify, async () => {
      await fastify.listeners.listen()
      if (closing) throw new ClosedError()
    }, () => {
      open?.close(0).catch(() => {})
      // A second `fastify.listen()`, with another port, opens the listeners again.
      open = opening = null
    })
    // A server that already listens (`serverFactory`) never calls `listen` again.
    fastify.addHook('onReady', async () => { if (fastify.server.listening) await fastify.listeners.listen() })
  }
  // The server's own port answers the CA as the listeners do.
  if (acme !== null) {
    fastify.addHook('onRequest', async (request, reply) => {
      const { socket, method, url } = request.raw
      const found = 'encrypted' in socket || (method !== 'GET' && method !== 'HEAD') ? null : await open?.answer(url)
      return typeof found === 'string' ? await reply.type('application/octet-stream').send(found) : undefined
    })
  }
  fastify.addHook('onListen', async () => { second.join() })
  fastify.addHook('preClose', async () => { stop().catch(() => {}) })
  waitWithServer(fastify, async () => { if (closing) await stop() })
  fastify.addHook('onClose', async () => { await stop() })

  async function openAll (): Promise<readonly ListenerAddress[]> {
    const opened = await openListeners(plans, destination, { folder, hosts: hosts ?? siteHosts(fastify), watchInterval: options.watchInterval ?? 5000, acme, siteHosts: siteHosts(fastify) }, fastify.log)
    if (closing) {
      await opened.close(0)
      return []
    }
    open = opened
    for (const { url } of opened.addresses) fastify.log.info(`Server listening at ${url}`)
    return opened.addresses
  }

  async function stop (): Promise<void> {
    closing = true
    const patience = fastify.initialConfig.forceCloseConnections === true ? 0 : options.closeTimeout ?? 10_000
    await Promise.all([open?.close(patience), closingSecond ??= second.close(patience)])
  }
}

// The hosts of `fastify.sites` (host-routing), where it is there: the default of `development.hosts`.
function siteHosts (fastify: FastifyInstance): string[] {
  const { sites } = fastify as { sites?: Iterable<Told<SiteInfo>> }
  if (typeof sites?.[Symbol.iterator] !== 'function') return []
  return [...sites].flatMap(site => site.bindings ?? []).map(binding => binding?.host ?? '*').filter(host => host !== '*')
}

export const listeners = fp(plugin, { fastify: '5.x', name: '@fastify-arr/listeners' })
export default listeners
