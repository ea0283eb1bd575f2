// Where did it go? The names that the configuration gives: the site, the rule, the farm, the server.
import type { RequestFacts, Told } from '@fastify-arr/facts'
import type { Attributes } from '@opentelemetry/api'

/** The facts of a request, as far as they are told. */
export type Facts = Told<RequestFacts>

/** Adds those that are known. */
export function addPlace (attributes: Attributes, { site, rewrite, upstream }: Facts): void {
  add(attributes, 'fastify_arr.site', site?.name)
  add(attributes, 'fastify_arr.rule', rewrite?.rule)
  add(attributes, 'fastify_arr.log_id', upstream?.logId)
  add(attributes, 'fastify_arr.farm', upstream?.farm)
  add(attributes, 'fastify_arr.server', upstream?.routed ?? upstream?.server)
}

/** Adds what is there: an attribute has no null. */
export function add (attributes: Attributes, name: string, value: string | number | null | undefined): void {
  if (value !== null && value !== undefined && value !== '') attributes[name] = value
}
