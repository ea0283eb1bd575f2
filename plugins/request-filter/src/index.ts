// What may come in? The plugin that refuses requests before rules and proxy see them.
import { channel } from 'node:diagnostics_channel'
import { CHANNELS, type Rejection, type RequestRejected } from '@fastify-arr/facts'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Refusal } from './filter/check.ts'
import { compileFilters } from './filter/compile.ts'
import type { Filter } from './filter/places.ts'
import { abort, errorOf } from './filter/refuse.ts'
import { InvalidOptionsError } from './errors.ts'
import { isHere, ONCE } from './once-in-scope.ts'
import type { RequestFilterOptions } from './options.ts'
import { Target } from './url/target.ts'
import { asksForWebSocket } from './web-sockets/asks-for-web-socket.ts'

export type { FilterRejection, Rejection, RequestRejected } from '@fastify-arr/facts'
export type { AddressEntry, DenyAction, DynamicIpSecurityOptions, IpSecurityOptions } from './addresses/options.ts'
export type { FilterOptions, PlaceOptions, RequestFilterOptions } from './options.ts'
export type { OriginsOption, OriginsOptions, WebSocketsPerClientOptions } from './web-sockets/options.ts'
export type { FilteringRule, RequestFilteringOptions, RequestLimits } from './request-filtering/options.ts'

/** `fastify.requestFilter`, for other plugins. */
export interface RequestFilter {
  /** The largest body that a request may have, in bytes; undefined for no limit. For the option `maxBodySize` of upstream-proxy. */
  maxBodySize (request: FastifyRequest): number | undefined
  /**
   * Replaces all options at once: a request is asked by the old ones or the new ones, never both. What was counted begins anew.
   *
   * @throws FST_ARR_FILTER_INVALID_OPTIONS; then the old options stay.
   */
  replace (options: RequestFilterOptions): void
}

declare module 'fastify' {
  interface FastifyInstance {
    requestFilter: RequestFilter
  }
  interface FastifyRequest {
    /** Why the request was refused; null where it was not. */
    rejection: Rejection | null
  }
}

const rejections = channel(CHANNELS.requestRejected)
const FILTER = Symbol('the filter that has let a request in')
const NOWHERE: Refusal = { reason: 'url', statusCode: 400, subStatusCode: 0 }

/** Node's request, marked where it was let in. */
type Marked = FastifyRequest['raw'] & { [FILTER]?: Filter }
/** `request.site` of host-routing, which need not be registered. */
type Sited = Omit<FastifyRequest, 'site'> & { readonly site?: { readonly name: string } | null }

async function plugin (fastify: FastifyInstance, options: RequestFilterOptions): Promise<void> {
  if (isHere(fastify)) throw new InvalidOptionsError(ONCE)
  // Hooks run in the order of their registration: a site that is decorated later is not there yet when this one looks.
  const knowsSites = fastify.hasRequestDecorator('site')
  let inForce = compileFilters(options, knowsSites)

  fastify.decorate('requestFilter', {
    maxBodySize: request => (request.raw as Marked)[FILTER]?.maxBodySize,
    replace (next) { inForce = compileFilters(next, knowsSites) }
  })
  if (!fastify.hasRequestDecorator('rejection')) fastify.decorateRequest('rejection', null)

  fastify.addHook('onRequest', function filterRequest (request, reply, done) {
    const raw = request.raw as Marked
    // A request that url-rewrite routes once more, under the URL that a rule has given it, was let in already.
    if (raw[FILTER] !== undefined) return done()
    const refusal = ask(request, reply, raw)
    if (refusal === null) return done()
    const { reason, statusCode, subStatusCode, detail } = refusal
    request.rejection = Object.freeze({ reason, statusCode, subStatusCode, ...detail !== undefined && { detail } })
    if (rejections.hasSubscribers) rejections.publish({ request } satisfies RequestRejected)
    if (refusal.abort === true) abort(request, reply)
    else done(errorOf(refusal, request, reply))
  })

  function ask (request: FastifyRequest, reply: FastifyReply, raw: Marked): Refusal | null {
    const target = new Target(raw.url ?? '/')
    const filter = inForce.of((request as Sited).site?.name, target)
    if (filter === null) return NOWHERE
    if (filter.checks.length > 0) {
      const asked = { request, reply, target, isWebSocket: asksForWebSocket(raw.headers) }
      for (const check of filter.checks) {
        const refusal = check(asked)
        if (refusal !== null) return refusal
      }
    }
    raw[FILTER] = filter
    return null
  }
}

/** Refuses what should not reach anything, before rules and proxy. */
export const requestFilter = fp(plugin, { fastify: '5.x', name: '@fastify-arr/request-filter' })
export default requestFilter
