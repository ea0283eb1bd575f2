// Which site is this request for? The plugin that writes `request.site`.

import type { ServerResponse } from 'node:http'
import type { Rejection, ServerFacts, Site, Told } from '@fastify-arr/facts'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { InvalidOptionsError } from './errors.ts'
import type { RawRequest } from './host/asked-host.ts'
import { serveHttps } from './https/redirect.ts'
import { siteConstraint } from './lookup/constraint.ts'
import { lookUp, type Lookup } from './lookup/look-up.ts'
import { mistakesIn, type HostRoutingOptions } from './options.ts'
import { refuse } from './refusal/page.ts'
import { askHandler } from './refusal/unknown-host.ts'
import { compileSites } from './sites/compile.ts'
import { drainTunnels } from './sites/drain.ts'
import { sitesOf, type InForce, type Sites } from './sites/sites.ts'

export type { Binding, Protocol, Rejection, Site, SiteBinding as ParsedBinding, SiteInfo, SitesReplaced as Replacement } from '@fastify-arr/facts'
export { normalizeHost, parseAuthority as parseHost, type Authority as HostAndPort } from '@fastify-arr/authority'
export type { ParsedSite, Question, SiteTable } from './lookup/table.ts'
export type { BindingOptions, HostRoutingOptions, HstsOptions, HttpsOptions, RedirectOptions, SiteOptions, UnknownHostHandler } from './options.ts'
export { compileSites, type CompiledSites } from './sites/compile.ts'
export type { Sites } from './sites/sites.ts'

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

async function plugin (fastify: FastifyInstance, options: HostRoutingOptions): Promise<void> {
  const mistakes = mistakesIn(options)
  if (fastify.hasConstraintStrategy('site')) {
    throw new InvalidOptionsError("this server has a constraint strategy 'site' already: the plugin is registered once, and fastify.sites.replace changes its sites")
  }
  const inForce: InForce = { table: compileSites(options.sites, mistakes) }
  const unknownHost = options.unknownHost ?? 'refuse'

  // The hooks see what the router found for a `site` constraint, even where the table was replaced in between.
  const derived = new WeakMap<object, Lookup>()

  fastify.decorateRequest('site', null)
  if (!fastify.hasRequestDecorator('rejection')) fastify.decorateRequest('rejection', null)
  fastify.decorate('sites', sitesOf(inForce, removed => {
    drainTunnels((fastify as Told<ServerFacts>).tunnels, removed, error => {
      fastify.log.warn({ err: error }, 'a WebSocket of a site that was removed could not be closed')
    })
  }))

  fastify.addConstraintStrategy(siteConstraint(raw => {
    const found = lookUp(raw as unknown as RawRequest, inForce.table)
    derived.set(raw, found)
    return found.site?.name
  }))

  fastify.addHook('onRequest', function findSite (request, reply, done) {
    const raw = request.raw as unknown as RawRequest
    const found = derived.get(raw) ?? lookUp(raw, inForce.table)
    if (found.reason !== null && (found.malformed || unknownHost === 'refuse')) {
      request.rejection = { reason: found.reason }
      reply.hijack()
      refuse(reply.raw as ServerResponse, request.raw.httpVersionMajor > 1, found.reason)
      return
    }
    if (found.site === null) {
      if (typeof unknownHost === 'function') askHandler(unknownHost, request, reply, done)
      else done()
      return
    }
    request.site = found.site
    if (found.https !== null && !serveHttps(found.https, found.host, request, reply)) return
    done()
  })
}

export const hostRouting = fp(plugin, { fastify: '5.x', name: '@fastify-arr/host-routing' })
export default hostRouting
