// Which requests does the proxy take, and which hooks run before it? The options of its routes, with Fastify's own names.
import { METHODS as KNOWN } from 'node:http'
import type { FastifyContextConfig, FastifyInstance, FastifyReply, FastifyRequest, LogLevel, RegisterOptions, RouteOptions, RouteShorthandOptions } from 'fastify'
import { ERRORS } from '../errors.ts'

/** Options of the proxy's routes. They hold for HTTP requests and WebSockets alike: an upgrade is a GET until its 101. */
export interface ProxyRouteOptions {
  /** Runs after the `onRequest` hooks of the server: a function or a list of them, async or with a callback. A request that it answers is not proxied. No default. */
  onRequest?: RouteShorthandOptions['onRequest']
  /** The same, after the `preValidation` hooks of the server. The body is not read. No default. */
  preValidation?: RouteShorthandOptions['preValidation']
  /** The same, after the `preHandler` hooks of the server and right before the upstream is asked. No default. */
  preHandler?: RouteShorthandOptions['preHandler']
  /** The value of `request.routeOptions.config` for hooks. Defaults to `{}`. */
  config?: FastifyContextConfig & Record<string, unknown>
  /** Which requests are proxied: `{ host: 'a.example' }`, `{ version }`, or a constraint strategy of the server, such as host-routing's `site`. Defaults to all. */
  constraints?: NonNullable<RouteShorthandOptions['constraints']>
  /** The methods that are proxied; a WebSocket is a GET. Defaults to all that Node and the server know, but CONNECT and TRACE, which is answered 405. */
  methods?: readonly string[]
  /** The log level of these requests. Defaults to that of the server. */
  logLevel?: LogLevel
}

const HOOKS = ['onRequest', 'preValidation', 'preHandler'] as const
// CONNECT names no resource: Node emits it as an event of its own.
const METHODS = KNOWN.filter(method => method !== 'CONNECT')
// It sends back the request as the upstream got it, with what the proxy and others on the way have added (RFC 9110 §9.3.8).
const REFUSED = 'TRACE'

type Hook = Extract<ProxyRouteOptions[typeof HOOKS[number]], readonly unknown[]>[number]
/** The Fastify scope that the proxy is registered in; the options are checked against it. */
export interface Scope extends Pick<FastifyInstance, 'prefix' | 'supportedMethods' | 'hasConstraintStrategy'> {
  readonly log: object
}
/** A scope without a prefix, constraints or a log. */
export const BARE: Scope = { prefix: '', supportedMethods: [], hasConstraintStrategy: () => false, log: {} }

/** The options as they run. */
export interface RouteSettings {
  readonly hooks: Readonly<Record<typeof HOOKS[number], readonly Hook[]>>
  readonly config: object
  readonly constraints: object
  /** The methods that have a route, in upper case. */
  readonly methods: readonly string[]
  /** The value of `Allow` with which TRACE is answered 405; null where it is proxied, or has no route. */
  readonly traceAllow: string | null
  /** The log options that Fastify's `register` takes for the routes of a plugin. */
  readonly log: Pick<RegisterOptions, 'logLevel' | 'logSerializers'>
}

/** Compiles the options; mistakes in them are added to `mistakes`. */
export function compileRoute (options: ProxyRouteOptions & Pick<RegisterOptions, 'logSerializers'>, scope: Scope, mistakes: string[]): RouteSettings {
  const hooks = { onRequest: [] as Hook[], preValidation: [] as Hook[], preHandler: [] as Hook[] }
  for (const name of HOOKS) {
    const list = listOf<unknown>(options[name])
    if (!list.every(hook => typeof hook === 'function')) mistakes.push(`\`${name}\` must be a function, or a list of functions`)
    else if (list.some(hook => hook.constructor.name === 'AsyncFunction' && hook.length > 2)) mistakes.push(`\`${name}\` must be async or take a callback, not both`)
    else hooks[name] = list as Hook[]
  }
  for (const name of ['config', 'constraints'] as const) {
    const value: unknown = options[name]
    if (value !== undefined && (typeof value !== 'object' || value === null || Array.isArray(value))) mistakes.push(`\`${name}\` must be an object`)
  }
  checkConstraints(options.constraints ?? {}, scope, mistakes)
  const all = [...new Set([...scope.supportedMethods, ...METHODS])]
  let methods = all
  if (options.methods !== undefined) {
    if (!Array.isArray(options.methods) || options.methods.length === 0) mistakes.push('`methods` must be a list of methods')
    else methods = options.methods.map(method => String(method).toUpperCase())
    for (const method of methods) if (!all.includes(method)) mistakes.push(`\`methods\` has ${JSON.stringify(method)}, which is none that can be proxied`)
  }
  const { logLevel, logSerializers } = options
  const levels = (scope.log as { readonly levels?: { readonly values?: Readonly<Record<string, number>> } }).levels?.values
  if (logLevel !== undefined && (typeof logLevel !== 'string' || (levels !== undefined && levels[logLevel] === undefined))) {
    mistakes.push('`logLevel` must be a level of the server\'s log')
  }
  return {
    hooks,
    config: options.config ?? {},
    constraints: options.constraints ?? {},
    methods,
    traceAllow: options.methods === undefined ? methods.filter(method => method !== REFUSED).join(', ') : null,
    log: { ...(logLevel !== undefined && { logLevel }), ...(logSerializers !== undefined && { logSerializers }) }
  }
}

/** Answers TRACE with 405, unless `methods` names it. Throws MethodNotAllowed. */
export function refuseTrace (request: FastifyRequest, reply: FastifyReply, { traceAllow }: RouteSettings): void {
  if (request.raw.method !== REFUSED || traceAllow === null) return
  // RFC 9110 §15.5.6. Set here and not on the error, so that the answer of the user's own error handler has it too.
  reply.header('allow', traceAllow)
  throw new ERRORS.MethodNotAllowed()
}

/** Finds constraints that the router does not know, or could not compare. */
function checkConstraints (constraints: object, scope: Scope, mistakes: string[]): void {
  for (const [name, value] of Object.entries(constraints)) {
    // `host` and `version` are built in, but `hasConstraintStrategy` is false for them until a route uses one.
    if (name !== 'host' && name !== 'version' && !scope.hasConstraintStrategy(name)) mistakes.push(`\`constraints.${name}\` is no constraint strategy of this server`)
    else if (value === undefined) mistakes.push(`\`constraints.${name}\` must have a value`)
    else if (name === 'host' && typeof value !== 'string' && !(value instanceof RegExp)) mistakes.push('`constraints.host` must be a string or a regular expression')
  }
}

/**
 * The `onRoute` hook for the scope of the proxy's routes: puts the hooks on each, and `takeOver` after every other
 * preHandler, including those that other plugins' `onRoute` hooks add.
 */
export function withHooks ({ hooks }: RouteSettings, takeOverOf: (scope: FastifyInstance, route: RouteOptions) => Hook): (this: FastifyInstance, route: RouteOptions) => void {
  return function (route) {
    const takeOver = takeOverOf(this, route)
    // An API's documentation made by @fastify/swagger has no place for "everything".
    route.schema = { hide: true, ...route.schema } as NonNullable<RouteOptions['schema']>
    for (const name of HOOKS) {
      const all = [...hooks[name], ...listOf<Hook>(route[name] as Hook | Hook[]), ...(name === 'preHandler' ? [takeOver] : [])]
      if (all.length > 0) route[name] = all as never
    }
  }
}

function listOf<Item> (value: Item | readonly Item[] | undefined): readonly Item[] {
  if (value === undefined) return []
  return Array.isArray(value) ? value : [value as Item]
}
