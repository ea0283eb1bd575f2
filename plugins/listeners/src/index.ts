// Where do connections come in? The plugin that opens more listeners for the one Fastify server.

import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { ClosedError } from './errors.ts'
import { openListeners, type OpenListeners } from './listeners.ts'
import type { CertificateOptions, ListenerAddress, ListenerOptions } from './listener.ts'
import { planListeners } from './plan.ts'
import type { LimitOptions } from './limits.ts'
import type { Road } from './road.ts'
import { secondServers } from './second-server.ts'
import { openWithServer, waitWithServer } from './with-server.ts'

export { howToTrust } from './trust.ts'
export type { ListenerError } from './errors.ts'
export type { LimitOptions } from './limits.ts'
export type { CertificateOptions, ListenerAddress, ListenerHttpsOptions, ListenerOptions, PemCertificateOptions, PfxCertificateOptions } from './listener.ts'

export interface ListenersOptions {
  /** The listeners, as objects or as IIS writes its bindings: `https/*:443:reverseproxy.com`. */
  readonly listeners: readonly (ListenerOptions | string)[]
  /** The certificates of every https listener that has none of its own. None, when left out. */
  readonly certificate?: CertificateOptions | readonly CertificateOptions[]
  /** What `'development'` certificates are for, and where they are kept. */
  readonly development?: {
    /** The folder, made when it is missing. Default: 'certificates'. */
    readonly folder?: string
    /** Host names; localhost, 127.0.0.1 and ::1 are always among them. Those of `fastify.sites`, when left out. */
    readonly hosts?: readonly string[]
  }
  /** Limits for every listener. */
  readonly limits?: LimitOptions
  /** `with-server` opens the listeners when the server listens, so that `fastify.listen()` fails when one of them does; `manual` leaves it to `fastify.listeners.listen()`. Default: 'with-server'. */
  readonly open?: 'with-server' | 'manual'
  /** Milliseconds between two looks at certificate files; 0 never looks. Default: 5000. */
  readonly watchInterval?: number
  /** How long closing waits for the last requests and tunnels before it cuts them, in milliseconds; not at all with Fastify's `forceCloseConnections: true`. Default: 10000. */
  readonly closeTimeout?: number
}

/** `fastify.listeners` */
export interface Listeners {
  /** Where the listeners listen; empty until they do. */
  readonly addresses: readonly ListenerAddress[]
  /** The development authority's certificate, the file to trust; null where none is used. */
  readonly authorityFile: string | null
  /**
   * Opens the listeners, all or none. Opening what is open does nothing.
   *
   * @throws one error that names the listener (FST_ARR_LISTENERS_…).
   */
  listen (): Promise<readonly ListenerAddress[]>
  /**
   * Reads all certificates again now, files and development certificate alike; connections that stand keep what they have.
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
  const plans = planListeners(options)
  const { folder = 'certificates', hosts } = options.development ?? {}
  const road = roadTo(fastify)
  const second = secondServers(fastify)
  let open: OpenListeners | null = null
  let opening: Promise<readonly ListenerAddress[]> | null = null
  let closing = false
  let closingSecond: Promise<void> | null = null

  fastify.decorate('listeners', {
    get addresses () { return open?.addresses ?? [] },
    get authorityFile () { return open?.authorityFile ?? null },
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
      // Whoever tries another port opens the listeners anew.
      open = opening = null
    })
    // A server that somebody else made to listen never calls `listen` again.
    fastify.addHook('onReady', async () => { if (fastify.server.listening) await fastify.listeners.listen() })
  }
  fastify.addHook('onListen', async () => { second.join() })
  fastify.addHook('preClose', async () => { stop().catch(() => {}) })
  waitWithServer(fastify, async () => { if (closing) await stop() })
  fastify.addHook('onClose', async () => { await stop() })

  async function openAll (): Promise<readonly ListenerAddress[]> {
    const opened = await openListeners(plans, road, { folder, hosts: hosts ?? siteHosts(fastify), watchInterval: options.watchInterval ?? 5000 }, fastify.log)
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

/** Requests enter as if they had come in on `fastify.server`, and so do upgrades, extended CONNECTs and expectations, for whoever listens there. */
function roadTo (fastify: FastifyInstance): Road {
  const { server } = fastify
  return {
    server,
    request (request, response) {
      const listeners = server.rawListeners('request')
      // A server of somebody's own make may call the router by itself.
      if (listeners.length === 0) fastify.routing(request as never, response as never)
      // Not by `emit`: what traces a process looks there, and has seen this request already.
      for (const listener of listeners) Reflect.apply(listener, server, [request, response])
    },
    upgrade: (request, socket, head) => { if (!server.emit('upgrade', request, socket, head)) socket.destroy() },
    connect: (request: Http2ServerRequest, response: Http2ServerResponse) => server.emit('connect', request, response),
    checkContinue: (request, response) => server.emit('checkContinue', request, response),
    checkExpectation: (request, response) => server.emit('checkExpectation', request, response),
    clientError: (error, socket) => server.emit('clientError', error, socket),
    whenUpgradesWanted (callback) {
      if (server.listenerCount('upgrade') > 0) return callback()
      const wait = (event: string | symbol): void => {
        if (event !== 'upgrade') return
        server.off('newListener', wait)
        callback()
      }
      server.on('newListener', wait)
    }
  }
}

// Where a host-routing plugin tells its sites, the development certificate is for their hosts.
function siteHosts (fastify: FastifyInstance): string[] {
  const { sites } = fastify as { sites?: Iterable<{ bindings?: readonly { host?: string }[] }> }
  if (typeof sites?.[Symbol.iterator] !== 'function') return []
  return [...sites].flatMap(site => site.bindings ?? []).map(binding => binding.host ?? '*').filter(host => host !== '*')
}

export const listeners = fp(plugin, { fastify: '5.x', name: '@fastify-arr/listeners' })
export default listeners
