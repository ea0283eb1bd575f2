// What becomes of a request for which another plugin's route at the proxy's path finds nothing? The proxy takes it.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Upgrades } from '../../dispatch/protocols.ts'
import { upgradeOf } from '../../dispatch/upgrade.ts'
import { hooksOf } from '../answer-way.ts'

/** The end of a hook, or of several. */
export type Done = (error?: unknown) => void
export type Hook = (this: FastifyInstance, request: FastifyRequest, reply: FastifyReply, done: Done) => unknown

/** The hooks that run before a handler, in their order. */
export const KINDS = ['onRequest', 'preValidation', 'preHandler'] as const
export type Kind = typeof KINDS[number]

/** What the proxy does with a request of its path. */
export interface Taker {
  readonly instance: FastifyInstance
  /** The hooks of the proxy's route; the last of all takes the request to its upstream. */
  readonly hooks: Readonly<Record<Kind, readonly Hook[]>>
  /** `request.routeOptions` of the proxy's route, as far as it differs from that of the other route. */
  readonly options: { readonly url: string, readonly config: object }
  readonly upgrades: Upgrades
  /** Whether its route has a config of the user's, which hooks of the server may have asked for. */
  readonly hasConfig: boolean
}

/** What Fastify keeps of a route. Private to Fastify, and without it there is no place behind all hooks of a route that is already declared. */
export interface RouteContext {
  handler: (request: FastifyRequest, reply: FastifyReply) => unknown
  readonly config?: { readonly url?: string } & Record<symbol, unknown>
}

// Kept after the first request. Another copy of Fastify has a symbol of its own.
let key: symbol | undefined

/** The route of a request; undefined in a version of Fastify that keeps it elsewhere. */
export function contextOf (request: FastifyRequest): RouteContext | undefined {
  const kept = request as unknown as Record<symbol, RouteContext | undefined>
  if (key === undefined || kept[key] === undefined) key = Object.getOwnPropertySymbols(request).find(({ description }) => description === 'fastify.context')
  const context = key === undefined ? undefined : kept[key]
  return typeof context?.handler === 'function' ? context : undefined
}

/**
 * Stands before a route's handler, behind all its hooks: a hook that answers 404 has refused the request, and refused it stays.
 * What the handler itself calls not found goes to the taker. So does an upgrade, unless the route is for WebSockets.
 */
export function fallThrough (context: RouteContext, takerOf: (request: FastifyRequest) => Taker | undefined, isWebSocket: boolean): void {
  const { handler } = context
  context.handler = (request, reply) => {
    const taker = takerOf(request)
    if (taker === undefined) return handler(request, reply)
    // A protocol that this proxy does not tunnel makes a plain request, and that is the route's.
    if (!isWebSocket && taker.upgrades.allowsOneOf(upgradeOf(request.raw)?.protocols)) {
      if (take(request, reply, taker)) return undefined
    }
    reply.callNotFound = () => {
      // Once: where the proxy's own hooks say not found, it is.
      delete (reply as Partial<FastifyReply>).callNotFound
      // A body that Fastify has read can't be forwarded.
      if (reply.sent || request.body !== undefined) return reply.callNotFound()
      return take(request, reply, taker) ? reply : reply.callNotFound()
    }
    return handler(request, reply)
  }
}

/**
 * Runs what guards the proxy and has not run for the other route: the hooks of the proxy's scope, then those of its route. False, and
 * nothing is taken, where that is not known, or where the proxy's hooks on answers would not see this one.
 */
function take (request: FastifyRequest, reply: FastifyReply, { instance, hooks, options, hasConfig }: Taker): boolean {
  const own = hooksOf(instance)
  const theirs = hooksOf(request.server)
  if (own === null || theirs === null || hasConfig || own.onSend.some(hook => !theirs.onSend.includes(hook))) return false
  const all = KINDS.flatMap(kind => [...own[kind].filter(hook => !theirs[kind].includes(hook)) as Hook[], ...hooks[kind]])
  Object.defineProperty(request, 'routeOptions', { configurable: true, value: { ...request.routeOptions, ...options } })
  run(all.map(hook => hook.bind(instance)), request, reply)
  return true
}

/** Runs hooks as Fastify does: with a callback or async, each after the one before, until one answers or fails. */
function run (hooks: ReadonlyArray<OmitThisParameter<Hook>>, request: FastifyRequest, reply: FastifyReply): void {
  let at = 0
  next()

  function next (error?: unknown): void {
    if (reply.sent) return
    if (error !== undefined && error !== null) {
      reply.send(asError(error))
      return
    }
    const hook = hooks[at++]
    if (hook === undefined) return
    try {
      const result = hook(request, reply, next)
      if (isThenable(result)) result.then(() => next(), (error: unknown) => next(error ?? new Error('A hook was rejected without a reason')))
    } catch (error) {
      next(error ?? new Error('A hook threw nothing'))
    }
  }
}

/** Fastify sends what is no error as a successful answer. */
function asError (thrown: unknown): Error {
  if (thrown instanceof Error || Object.prototype.toString.call(thrown) === '[object Error]') return thrown as Error
  const error = new Error(typeof thrown === 'string' ? thrown : 'A hook refused the request')
  return Object.assign(error, thrown)
}

function isThenable (value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | null | undefined)?.then === 'function'
}
