// Does another proxy of this server have the routes of this one already?
import type { Server } from 'node:http'
import type { Settings } from '../options.ts'

interface Claim {
  readonly place: string
  readonly methods: readonly string[]
}

const claims = new WeakMap<Server, Claim[]>()

/** The mistake, in one sentence; null where the routes are free, which they are no longer then. Proxies may share a prefix by their constraints or methods. */
export function sameRoutes (server: Server, { prefix, route: { constraints, methods } }: Settings): string | null {
  const place = [prefix, ...Object.entries(constraints ?? {}).map(([name, value]) => `${name} ${value instanceof RegExp ? String(value) : JSON.stringify(value)}`).sort()].join('\n')
  const known = claims.get(server) ?? []
  claims.set(server, known)
  if (known.some(one => one.place === place && one.methods.some(method => methods.includes(method)))) {
    return `\`prefix\` must be another for each proxy: there is one for ${prefix} already`
  }
  known.push({ place, methods: [...methods] })
  return null
}
