// How does a request reach Fastify? As an event of `fastify.server`, as if it had come in on the server's own port.

import type { FastifyInstance } from 'fastify'
import type { Destination } from './destination.ts'

/** Emits requests, upgrades, extended CONNECTs and expectations on `fastify.server`, for every listener that is registered there. */
export function serverDestination (fastify: FastifyInstance): Destination {
  const { server } = fastify
  return {
    server,
    request (request, response) {
      const listeners = server.rawListeners('request')
      // A server from `serverFactory` may call the router itself and have no listener.
      if (listeners.length === 0) fastify.routing(request as never, response as never)
      // Called without `emit`: tracing tools patch `emit`, and have traced this request on the engine's own server already.
      for (const listener of listeners) Reflect.apply(listener, server, [request, response])
    },
    upgrade: (request, socket, head) => { if (!server.emit('upgrade', request, socket, head)) socket.destroy() },
    connect: (request, response) => server.emit('connect', request, response),
    checkContinue: (request, response) => server.emit('checkContinue', request, response),
    checkExpectation: (request, response) => server.emit('checkExpectation', request, response),
    clientError: (error, socket) => server.emit('clientError', error, socket),
    whenUpgradesWanted (callback) {
      if (server.listenerCount('upgrade') > 0) return callback()
      const wait = (event: string | symbol): void => {
        if (event !== 'upgrade') return
        server.off('newListener', wait)
        callback()
      }
      server.on('newListener', wait)
    }
  }
}
