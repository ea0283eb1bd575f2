// How do two routes share a path? The router asks the one with more constraints first: another plugin's route gets one more, which every request meets.
import type { FastifyInstance, RouteOptions } from 'fastify'
import { RouteOrder } from '../../errors.ts'

// The router compiles the name into a function: it must be an identifier.
const NAME = 'aheadOfProxy'

/** Puts a route ahead of the proxy's route with the same path, method and constraints. For `onRoute` hooks: the router gets the route after them. */
export function putAhead (fastify: FastifyInstance, route: RouteOptions): void {
  const constraints = route.constraints ?? {}
  // Of several patterns that match a host, the router takes the first only, even where they are the same.
  if (constraints.host instanceof RegExp) throw new RouteOrder()
  if (!fastify.hasConstraintStrategy(NAME)) fastify.addConstraintStrategy({ name: NAME, storage: placesOf, deriveConstraint: () => true })
  route.constraints = { ...constraints, [NAME]: Object.keys(constraints).length }
}

/**
 * The store for one path and method. The router keeps its routes in a list, those with fewer constraints first, and takes the last
 * that matches; the store has a bit for each. A route's value is the number of its own constraints; a request's value stands for all routes.
 */
function placesOf () {
  const places = new Map<unknown, number>()
  return {
    get (value: unknown): any {
      if (value !== true) return places.get(value) ?? null
      let all = 0
      for (const place of places.values()) all |= place
      return all
    },
    set (value: unknown, place: any): void {
      // Behind the proxy's route comes another with one constraint, declared earlier. It would lose its requests to this one.
      if (value === 0 && place > 0b10) throw new RouteOrder()
      places.set(value, place)
    }
  }
}
