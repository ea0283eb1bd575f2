// Which site is this request for? The plugin that writes `request.site`.

import { channel } from 'node:diagnostics_channel'
import type { ServerResponse } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { askedHost, type RawRequest } from './asked-host.ts'
import { compileSites, type SiteInfo } from './compile.ts'
import { siteConstraint } from './constraint.ts'
import { InvalidOptionsError } from './errors.ts'
import { normalizeAddress, normalizeHost, plainAddress } from './host.ts'
import { httpsLocation, redirectStatus, type HttpsPolicy } from './https.ts'
import { unknownOptions } from './known-options.ts'
import { refuse } from './refusal.ts'
import { compare, type Replacement } from './replacement.ts'
import type { Protocol, Rejection, Site, SiteOptions } from './site.ts'
import { drainTunnels } from './tunnels.ts'

export { compileSites, type CompiledSites, type SiteInfo } from './compile.ts'
export type { Replacement } from './replacement.ts'
export { normalizeHost, parseHost, type HostAndPort } from './host.ts'
export type { ParsedBinding } from './binding.ts'
export type { ParsedSite, Question, SiteTable } from './sites.ts'
export type { Binding, BindingOptions, HstsOptions, HttpsOptions, Protocol, RedirectOptions, Rejection, Site, SiteOptions } from './site.ts'

export interface HostRoutingOptions {
  /** The sites, in order: a site without an id gets its position, counted from 1. */
  readonly sites: readonly SiteOptions[]
  /**
   * What becomes of a request whose host no site has. `refuse` answers 400 "Invalid Hostname" as HTTP.sys does; `pass` lets it go on
   * with `request.site` null; a function may answer, and lets it pass where it does not. Default: 'refuse'.
   */
  readonly unknownHost?: 'refuse' | 'pass' | UnknownHostHandler
}

/** Answers a request for an unknown host as a route's handler does, by `reply` or by what it returns, or lets it pass by answering nothing. */
export type UnknownHostHandler = (request: FastifyRequest, reply: FastifyReply) => unknown

/** `fastify.sites`: the table of sites, which can be replaced while the server runs. Iterating gives every site. */
export interface Sites extends Iterable<SiteInfo> {
  readonly size: number
  get (name: string): SiteInfo | null
  /** The site that a request for this host would reach. The protocol's default is 'http'; without a port, any port's binding will do. */
  find (asked: { readonly host: string, readonly protocol?: Protocol, readonly port?: number, readonly address?: string }): Site | null
  /**
   * Validates the new table, then puts it in the old one's place at once: a request meets the one or the other, never a mixture.
   *
   * @throws FST_ARR_HOST_ROUTING_INVALID_OPTIONS; the old table stays.
   */
  replace (sites: readonly SiteOptions[]): Replacement
}

declare module 'fastify' {
  interface FastifyInstance {
    sites: Sites
  }
  interface FastifyRequest {
    /** The site this request is for; null where its host is unknown. */
    site: Site | null
    /** Why the request reached no site; null where it did. */
    rejection: Rejection | null
  }
}

// A record, so that the compiler misses the key that is left out.
const OPTIONS: Readonly<Record<keyof HostRoutingOptions, true>> = { sites: true, unknownHost: true }

const replaced = channel('fastify-arr:sites.replaced')

async function plugin (fastify: FastifyInstance, options: HostRoutingOptions): Promise<void> {
  const unknownHost = options.unknownHost ?? 'refuse'
  const mistakes = unknownOptions(options, Object.keys(OPTIONS))
  if (unknownHost !== 'refuse' && unknownHost !== 'pass' && typeof unknownHost !== 'function') {
    mistakes.push("unknownHost must be 'refuse', 'pass' or a function")
  }
  if (fastify.hasConstraintStrategy('site')) {
    throw new InvalidOptionsError("this server has a constraint strategy 'site' already: the plugin is registered once, and fastify.sites.replace changes its sites")
  }
  let table = compileSites(options.sites, mistakes)

  // What the router found for a `site` constraint is what the hooks see, even when the table was replaced in between.
  const derived = new WeakMap<object, Lookup>()

  fastify.decorateRequest('site', null)
  fastify.decorateRequest('rejection', null)
  fastify.decorate('sites', {
    get size () { return table.byName.size },
    [Symbol.iterator]: () => table.byName.values(),
    get: (name) => table.byName.get(name) ?? null,
    find ({ host, protocol = 'http', port, address }) {
      const normal = normalizeHost(host)
      return normal === null ? null : table.find({ host: normal, protocol, port, address: address && normalizeAddress(address) })
    },
    replace (sites) {
      const before = table
      table = compileSites(sites)
      const replacement = compare(before.byName, table.byName)
      drainTunnels((fastify as { tunnels?: unknown }).tunnels, new Set(replacement.removed), error => {
        fastify.log.warn({ err: error }, 'a WebSocket of a site that was removed could not be closed')
      })
      replaced.publish(replacement)
      return replacement
    }
  } satisfies Sites)

  fastify.addConstraintStrategy(siteConstraint(raw => {
    const found = lookUp(raw as unknown as RawRequest)
    derived.set(raw, found)
    return found.site?.name
  }))

  fastify.addHook('onRequest', function findSite (request, reply, done) {
    const raw = request.raw as unknown as RawRequest
    const found = derived.get(raw) ?? lookUp(raw)
    if (found.reason !== null && (found.malformed || unknownHost === 'refuse')) {
      request.rejection = { reason: found.reason }
      reply.hijack()
      refuse(reply.raw as ServerResponse, request.raw.httpVersionMajor > 1, found.reason)
      return
    }
    if (found.site === null) {
      if (typeof unknownHost !== 'function') return done()
      request.rejection = { reason: 'Hostname' }
      // In a promise, so that what it throws is an error of this request.
      new Promise(resolve => { resolve(unknownHost(request, reply)) }).then(payload => {
        if (reply.sent) return
        if (payload !== undefined) {
          reply.send(payload)
          return
        }
        request.rejection = null
        done()
      }).catch(error => { done(error ?? new Error('unknownHost has failed and does not say why')) })
      return
    }
    request.site = found.site
    if (found.https !== null && !serveHttps(found.https, found.host, request, reply)) return
    done()
  })

  function lookUp (raw: RawRequest): Lookup {
    const asked = askedHost(raw, (raw as { originalUrl?: string }).originalUrl ?? raw.url ?? '/')
    if (typeof asked === 'string') return { site: null, https: null, host: '', reason: asked, malformed: true }
    const { socket } = raw
    const site = table.find({
      host: asked.host,
      protocol: socket.encrypted === true ? 'https' : 'http',
      port: socket.localPort,
      address: socket.localAddress && plainAddress(socket.localAddress)
    })
    if (site === null) return { site, https: null, host: asked.host, reason: 'Hostname', malformed: false }
    return { site, https: table.https.get(site.name) ?? null, host: asked.host, reason: null, malformed: false }
  }

  // `request.protocol` rather than the socket's: behind a trusted proxy that ends TLS the client is on https already.
  function serveHttps ({ redirect, hsts }: HttpsPolicy, host: string, request: FastifyRequest, reply: FastifyReply): boolean {
    if (request.protocol === 'https') {
      // On the raw response, where an answer that is written past Fastify carries it too.
      if (hsts !== null) reply.raw.setHeader('strict-transport-security', hsts)
      return true
    }
    if (redirect === null) return true
    const port = redirect.port ?? listeningPort(fastify) ?? 443
    reply.code(redirect.statusCode ?? redirectStatus(request.method)).header('location', httpsLocation(host, port, request.originalUrl)).send()
    return false
  }
}

/** What a look-up found out about one request. */
interface Lookup {
  readonly site: Site | null
  readonly https: HttpsPolicy | null
  readonly host: string
  readonly reason: Rejection['reason'] | null
  /** The request names no host, or two: refused whatever the options say. */
  readonly malformed: boolean
}

// Where a listeners plugin tells its addresses, the redirect goes to the https one among them.
function listeningPort (fastify: FastifyInstance): number | undefined {
  const { listeners } = fastify as { listeners?: { addresses?: readonly { protocol?: string, port?: number | null }[] } }
  return listeners?.addresses?.find(address => address.protocol === 'https')?.port ?? undefined
}

export const hostRouting = fp(plugin, { fastify: '5.x', name: '@fastify-arr/host-routing' })
export default hostRouting
