// Who declares the proxy's routes? This package, or, behind a private key of the options, one of its other entries.
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify'
import type { Forwarder } from '../forward/forwarder.ts'
import type { Settings } from '../options.ts'
import type { AnswerWay } from './answer-way.ts'
import type { Route } from './route.ts'

/** What the routes need of the proxy. */
export interface Journey {
  /** The instance that the proxy is registered in. */
  readonly fastify: FastifyInstance
  readonly settings: Settings
  readonly forwarder: Forwarder
  /** The way of the answers of a route, to be asked for when the route is declared. */
  readonly wayOf: (scope: FastifyInstance, route: RouteOptions) => AnswerWay
  /** Sends a request, or a WebSocket's handshake, to its upstream. `done` gets the error that Fastify has to answer. `forward` defaults to the forwarder's. */
  send (request: FastifyRequest, reply: FastifyReply, route: Route, way: AnswerWay, done: (error?: Error) => void, forward?: Forwarder['forward']): void
}

/** Routes in place of those that the options describe. */
export interface OwnRoutes {
  /** The settings of the tunnels. */
  tunnels (settings: Settings): Settings
  declare (scope: FastifyInstance, journey: Journey): Promise<void>
}

const OWN_ROUTES = Symbol('own routes')

/** Options with their own routes. */
export function withOwnRoutes<Options extends object> (options: Options, routes: OwnRoutes): Options {
  return Object.assign(options, { [OWN_ROUTES]: routes })
}

/** The routes that come with the options; undefined where the options describe them. */
export function ownRoutes (options: object): OwnRoutes | undefined {
  return (options as { [OWN_ROUTES]?: OwnRoutes })[OWN_ROUTES]
}
