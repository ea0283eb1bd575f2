// Does another proxy of this Fastify have the routes of this one already?
import type { FastifyInstance } from 'fastify'
import type { Settings } from '../options.ts'

interface Claim {
  readonly place: string
  readonly methods: readonly string[]
}

/** By what all scopes of one Fastify have in common. A server may serve several, one after the other. */
const claims = new WeakMap<object, Claim[]>()

/** The mistake, in one sentence; null where the routes are free, which they are no longer then. Proxies may share a prefix by their constraints or methods. */
export function sameRoutes ({ initialConfig }: Pick<FastifyInstance, 'initialConfig'>, { prefix, route: { constraints, methods } }: Settings): string | null {
  const place = [prefix, ...Object.entries(constraints ?? {}).map(([name, value]) => `${name} ${value instanceof RegExp ? String(value) : JSON.stringify(value)}`).sort()].join('\n')
  const known = claims.get(initialConfig) ?? []
  claims.set(initialConfig, known)
  if (known.some(one => one.place === place && one.methods.some(method => methods.includes(method)))) {
    return `\`prefix\` must be another for each proxy: there is one for ${prefix} already`
  }
  known.push({ place, methods: [...methods] })
  return null
}
