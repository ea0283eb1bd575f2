// What may come in? The plugin that refuses requests before rules and proxy see them.
import type { Rejection } from '@fastify-arr/facts'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { RequestFilterOptions } from './options.ts'

export type { FilterOptions, PlaceOptions, RequestFilterOptions } from './options.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Why the request was refused; null where it was not. */
    rejection: Rejection | null
  }
}

async function plugin (fastify: FastifyInstance, options: RequestFilterOptions): Promise<void> {
  if (!fastify.hasRequestDecorator('rejection')) fastify.decorateRequest('rejection', null)
  fastify.log.trace({ options }, 'request-filter')
}

/** Refuses what should not reach anything, before rules and proxy. */
export const requestFilter = fp(plugin, { fastify: '5.x', name: '@fastify-arr/request-filter' })
export default requestFilter
