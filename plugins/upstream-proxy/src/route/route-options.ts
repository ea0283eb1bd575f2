// Which requests does the proxy take, and what runs before it does? The options of its routes, with Fastify's own names.
import { METHODS as KNOWN } from 'node:http'
import type { FastifyContextConfig, FastifyInstance, LogLevel, RegisterOptions, RouteOptions, RouteShorthandOptions } from 'fastify'

/** Options of the proxy's routes. Pages and WebSockets are meant alike: an upgrade is a GET until its 101. */
export interface ProxyRouteOptions {
  /** Runs first, behind the `onRequest` hooks of the server: a function or a list of them, async or with a callback. What it answers is not proxied. No default. */
  onRequest?: RouteShorthandOptions['onRequest']
  /** The same, behind the `preValidation` hooks of the server. The body is not read. No default. */
  preValidation?: RouteShorthandOptions['preValidation']
  /** The same, behind the `preHandler` hooks of the server and right before the upstream is asked. No default. */
  preHandler?: RouteShorthandOptions['preHandler']
  /** What hooks find in `request.routeOptions.config`. Defaults to `{}`. */
  config?: FastifyContextConfig & Record<string, unknown>
  /** Which requests are meant: `{ host: 'a.example' }`, `{ version }`, or a constraint strategy of the server, such as host-routing's `site`. Defaults to all. */
  constraints?: NonNullable<RouteShorthandOptions['constraints']>
  /** The methods that are proxied; a WebSocket is a GET. Defaults to all that Node and the server know, but CONNECT. */
  methods?: readonly string[]
  /** The level of the log of these requests. Defaults to that of the server. */
  logLevel?: LogLevel
}

const HOOKS = ['onRequest', 'preValidation', 'preHandler'] as const
// CONNECT is no request for a resource: Node hands it to a listener of its own.
const METHODS = KNOWN.filter(method => method !== 'CONNECT')

type Hook = Extract<ProxyRouteOptions[typeof HOOKS[number]], readonly unknown[]>[number]
/** What the options are checked against: the scope of Fastify that the proxy is registered in. */
export interface Scope extends Pick<FastifyInstance, 'prefix' | 'supportedMethods' | 'hasConstraintStrategy'> {
  readonly log: object
}
/** A scope that has nothing of its own. */
export const BARE: Scope = { prefix: '', supportedMethods: [], hasConstraintStrategy: () => false, log: {} }

/** The options as they run. */
export interface RouteSettings {
  readonly hooks: Readonly<Record<typeof HOOKS[number], readonly Hook[]>>
  readonly config: object
  readonly constraints: object
  /** In upper case. */
  readonly methods: readonly string[]
  /** What Fastify's `register` takes for the routes of a plugin. */
  readonly log: Pick<RegisterOptions, 'logLevel' | 'logSerializers'>
}

/** Compiles the options; what is wrong with them is added to `mistakes`. */
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
    log: { ...(logLevel !== undefined && { logLevel }), ...(logSerializers !== undefined && { logSerializers }) }
  }
}

/** What the router would not know, or could not compare. */
function checkConstraints (constraints: object, scope: Scope, mistakes: string[]): void {
  for (const [name, value] of Object.entries(constraints)) {
    // The router has these two of its own, and does not tell of them until a route has one.
    if (name !== 'host' && name !== 'version' && !scope.hasConstraintStrategy(name)) mistakes.push(`\`constraints.${name}\` is no constraint strategy of this server`)
    else if (value === undefined) mistakes.push(`\`constraints.${name}\` must have a value`)
    else if (name === 'host' && typeof value !== 'string' && !(value instanceof RegExp)) mistakes.push('`constraints.host` must be a string or a regular expression')
  }
}

/**
 * The `onRoute` hook for the scope of the proxy's routes: puts the hooks on each, and `takeOver` behind every other
 * preHandler, those of other plugins' `onRoute` hooks too.
 */
export function withHooks ({ hooks }: RouteSettings, takeOver: Hook): (route: RouteOptions) => void {
  return route => {
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
