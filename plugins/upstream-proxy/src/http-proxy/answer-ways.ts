// Which way do the answers of the drop-in's routes take? Each route's own, kept for `reply.from`, which its handler may call at any time.
import type { FastifyInstance, FastifyRequest, RouteOptions } from 'fastify'
import type { AnswerWay } from '../route/answer-way.ts'
import type { Journey } from '../route/own-routes.ts'

const WAY = Symbol('answer way')

// For a reply.from in a hook, before the handler: slower, but right for every route.
const CAREFUL: AnswerWay = { throughReply: true, errorsThroughReply: true, notesHeaders: true, onSend: [], onOpening: [] }

/** Has every route that a scope declares from now on remember its way. */
export function rememberWay (scope: FastifyInstance, journey: Journey): void {
  scope.addHook('onRoute', function (route: RouteOptions) {
    const way = journey.wayOf(this, route)
    const { handler } = route
    route.handler = function (request, reply) {
      (request as { [WAY]?: AnswerWay })[WAY] = way
      return handler.call(this, request, reply)
    }
  })
}

/** The way of the route that a request is for. */
export function wayOf (request: FastifyRequest): AnswerWay {
  return (request as { [WAY]?: AnswerWay })[WAY] ?? CAREFUL
}
