// Whose is a path at which the proxy and others declare routes? Theirs, in either order; the proxy takes the rest.
//
// What is declared before the proxy is left out of the proxy's own routes. What comes later is put ahead of them.
// Both fall through: where such a route finds nothing, its request goes to the proxy.
import { isDeepStrictEqual } from 'node:util'
import type { RequestFacts } from '@fastify-arr/facts'
import type { FastifyInstance, FastifyRequest, HTTPMethods, RouteOptions } from 'fastify'
import type { Upgrades } from '../../dispatch/protocols.ts'
import type { Settings } from '../../options.ts'
import { contextOf, fallThrough, type Hook, type Kind, type RouteContext, type Taker } from './fall-through.ts'
import { putAhead } from './precedence.ts'

/** A path of a proxy. */
interface Claim extends Taker {
  readonly constraints: object
  /** All that the proxy is for, whether declared or left to others. */
  readonly methods: ReadonlySet<string>
  /** Those that the router knows as the proxy's. */
  readonly declared: ReadonlySet<string>
  /** The paths that are the same for the router: `/*` and `*`. */
  readonly same: readonly string[]
  /** The methods that others had declared before, by path: those of `same`, and the folder of a wildcard (`/`), which it includes. */
  readonly left: ReadonlyMap<string, ReadonlySet<string>>
}

/** A route that was declared after the proxies, and what it stands before. */
interface Later {
  readonly claims: readonly Claim[]
  readonly isWebSocket: boolean
}

type Declared = RouteOptions & { readonly routePath?: string, readonly websocket?: boolean, readonly wsHandler?: unknown }

// Global symbols: several copies of this package share one server.
const NEIGHBOURS = Symbol.for('@fastify-arr/upstream-proxy.neighbours')
const OWN = Symbol.for('@fastify-arr/upstream-proxy.own-routes')
const LATER = Symbol('later')
const SEEN = Symbol('seen')

/** The proxies' paths on one server, and the others' routes at them. */
export class Neighbours {
  readonly #root: FastifyInstance
  readonly #claims: Claim[] = []
  #watching = false

  private constructor (fastify: FastifyInstance) {
    const neighbours = this
    // A scope inherits the hooks that its parents have when it is made: all that are still open get it, so that no later route is missed.
    let scope = fastify
    for (;;) {
      scope.addHook('onRoute', function (route) { neighbours.#meet(this, route) })
      const parent = Object.getPrototypeOf(scope) as FastifyInstance | null
      if (typeof parent?.addHook !== 'function') break
      scope = parent
    }
    this.#root = scope
  }

  static of (fastify: FastifyInstance): Neighbours {
    const server = fastify.server as { [NEIGHBOURS]?: Neighbours }
    server[NEIGHBOURS] ??= new Neighbours(fastify)
    return server[NEIGHBOURS]
  }

  /** Declares the routes of a scope as a proxy's: each leaves out what others have declared. */
  claim (scope: FastifyInstance, { upgrades, route: { config } }: Pick<Settings, 'upgrades' | 'route'>): void {
    (scope as { [OWN]?: true })[OWN] = true
    const neighbours = this
    scope.addHook('onRoute', function (route) { neighbours.#claim(this, route, upgrades, Object.keys(config).length > 0) })
  }

  #claim (instance: FastifyInstance, route: RouteOptions, upgrades: Upgrades, hasConfig: boolean): void {
    const { url, constraints = {} } = route
    const methods = new Set([route.method].flat())
    const same = url === '/*' ? ['/*', '*'] : [url]
    const left = new Map<string, ReadonlySet<string>>()
    for (const path of url.endsWith('/*') ? [url, url.slice(0, -1)] : [url]) {
      left.set(path, new Set([...methods].filter(method => instance.hasRoute({ method: method as HTTPMethods, url: path, constraints }))))
    }
    const taken = left.get(url) as ReadonlySet<string>
    for (const path of same) left.set(path, taken)
    // What another proxy claims too is left in: the router then tells of the mistake.
    const claimed = this.#claims.filter(other => other.same[0] === url && isDeepStrictEqual(other.constraints, constraints))
    const declared = new Set([...methods].filter(method => claimed.some(other => other.methods.has(method)) || !taken.has(method)))
    if (declared.size < methods.size) route.method = [...declared] as HTTPMethods[]
    const listed = (kind: Kind): Hook[] => [route[kind]].flat().filter(hook => hook !== undefined) as Hook[]
    const hooks = { onRequest: listed('onRequest'), preValidation: listed('preValidation'), preHandler: listed('preHandler') }
    this.#claims.push({ instance, upgrades, hasConfig, hooks, options: { url, config: { ...route.config, url, method: [...methods] } }, constraints, methods, declared, same, left })
    // The most constrained first, as in the router.
    this.#claims.sort((a, b) => Object.keys(b.constraints).length - Object.keys(a.constraints).length)
    if ([...left.values()].some(({ size }) => size > 0)) this.#watch()
  }

  /** A route that is declared after a proxy. */
  #meet (instance: FastifyInstance, route: Declared): void {
    if ((instance as { [OWN]?: true })[OWN] === true) return
    const methods = [route.method].flat()
    const urls = [route.url]
    // In a scope with a prefix Fastify declares `/` twice, and tells only of the first.
    if (route.routePath === '' && (route.prefixTrailingSlash ?? 'both') === 'both') urls.push(`${route.url}/`)
    const met = this.#claims.filter(({ methods: own, constraints }) =>
      methods.some(method => own.has(method)) && isDeepStrictEqual(route.constraints ?? {}, constraints))
    if (met.some(({ same, declared }) => urls.some(url => same.some(path => shapeOf(path) === shapeOf(url))) && methods.some(method => declared.has(method)))) putAhead(instance, route)
    const claims = met.filter(({ left }) => urls.some(url => left.has(url)))
    if (claims.length === 0) return
    const later: Later = { claims, isWebSocket: route.websocket === true || route.wsHandler !== undefined }
    route.config = { ...route.config, [LATER]: later } as typeof route.config
    const isBare = route.url === '*'
    // The router would ask the proxy's `/*` before a `*`, which has fewer characters.
    if (isBare) route.url = '/*'
    route.onRequest = [(request, _reply, done) => {
      const params = request.params as Record<string, string>
      if (isBare) params['*'] = `/${params['*']}`
      this.#follow(request)
      done()
    }, ...[route.onRequest ?? []].flat()]
  }

  /** For routes that were declared before the proxy: they are met when they get their first request. */
  #watch (): void {
    if (this.#watching) return
    this.#watching = true
    this.#root.addHook('onRequest', (request, _reply, done) => {
      this.#follow(request)
      done()
    })
  }

  #follow (request: FastifyRequest): void {
    const context = contextOf(request) as RouteContext & { [SEEN]?: true } | undefined
    if (context === undefined || context[SEEN] === true) return
    context[SEEN] = true
    const url = context.config?.url
    if (url === undefined || (request.server as { [OWN]?: true })[OWN] === true) return
    const later = context.config?.[LATER] as Later | undefined
    if (later !== undefined) {
      fallThrough(context, ({ method }) => later.claims.find(({ methods }) => methods.has(method)), later.isWebSocket)
      return
    }
    const claims = this.#claims.filter(({ left }) => left.has(url))
    if (claims.length === 0) return
    fallThrough(context, request => claims.find(({ left, constraints }) => left.get(url)?.has(request.method) && meets(request, constraints)), false)
  }
}

/** A path as the router compares it: without the names of its parameters. */
function shapeOf (path: string): string {
  return path.replace(/:\w+/g, ':')
}

/** True for a request that meets the proxy's constraints, as far as they can be read from it. Others stay with the route that found nothing. */
function meets (request: FastifyRequest, constraints: object): boolean {
  const { host, ':authority': authority } = request.raw.headers
  const facts: Record<string, unknown> = { host: host || authority, site: (request as FastifyRequest & RequestFacts).site?.name }
  return Object.entries(constraints).every(([name, value]) => {
    const fact = facts[name]
    return typeof fact === 'string' && (value instanceof RegExp ? fact.search(value) !== -1 : value === fact)
  })
}
