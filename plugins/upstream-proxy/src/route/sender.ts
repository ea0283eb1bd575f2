// Where does a request go from its route: into a tunnel or forwarded, by which settings, and to which farm?
import type { Http2ServerRequest } from 'node:http2'
import type { ServerFacts } from '@fastify-arr/facts'
import type { FastifyInstance, FastifyReply, FastifyRequest, preHandlerHookHandler } from 'fastify'
import { upgradeOf } from '../dispatch/upgrade.ts'
import type { Carriers } from '../farm/carriers.ts'
import { visitOf } from '../farm/farm-visit.ts'
import type { Forwarder } from '../forward/forwarder.ts'
import type { Settings } from '../options.ts'
import { cutWhenBroken } from '../sockets/broken-sessions.ts'
import { asPlainRequest } from '../tunnel/handshake/plain-request.ts'
import type { AnswerWay } from './answer-way.ts'
import { newUpstream } from './attempts.ts'
import { refuseTrace } from './route-options.ts'
import { type Route, routeOf } from './route.ts'

export class Sender {
  readonly #server: FastifyInstance & ServerFacts
  readonly #settings: Settings
  readonly #carriers: Carriers

  /** `server` is the instance whose `farms` are asked: they may be there later than the proxy. */
  constructor (server: FastifyInstance, settings: Settings, carriers: Carriers) {
    this.#server = server
    this.#settings = settings
    this.#carriers = carriers
  }

  /** The last preHandler of a route, which takes its requests over. */
  takeOver (way: AnswerWay): preHandlerHookHandler {
    return (request, reply, done) => {
      let route
      try {
        refuseTrace(request, reply, this.#settings.route)
        route = routeOf(request, this.#settings)
      } catch (error) {
        done(error as Error)
        return
      }
      this.send(request, reply, route, way, done)
    }
  }

  /** Throws nothing: `done` gets the error that Fastify has to answer. `forward` is for requests in place of the forwarder's own. */
  send (request: FastifyRequest, reply: FastifyReply, route: Route, way: AnswerWay, done: (error?: Error) => void, forward?: Forwarder['forward']): void {
    try {
      if (request.raw.httpVersionMajor === 2) watchSession(request.raw as unknown as Http2ServerRequest)
      const upgrade = upgradeOf(request.raw)
      const isTunnel = upgrade !== undefined && this.#settings.upgrades.allowsOneOf(upgrade.protocols)
      const farm = visitOf(this.#server.farms, request, route, isTunnel)
      request.upstream = newUpstream(route.origin.name, farm?.farm)
      const to = farm === null ? route : { origin: route.origin, path: route.path, changes: route.changes, paths: route.paths, host: null, farm }
      const carrier = this.#carriers.of(farm?.farm)
      if (isTunnel) {
        carrier.tunnels.take(request, reply, to, way, done)
        return
      }
      // This proxy does not tunnel it, but the server's dispatcher has marked it: for another protocol, or another proxy.
      if (upgrade !== undefined) asPlainRequest(request, reply, upgrade)
      if (forward === undefined) carrier.forwarder.forward(request, reply, to, way)
      else forward(request, reply, to, way)
    } catch (error) {
      done(error as Error)
      return
    }
    // Otherwise Fastify would go on to the route's handler: the reply is not hijacked.
    if (!way.errorsThroughReply) done()
  }
}

/** Found by the request, because there may be several servers: Fastify opens a second one for the other address of `localhost`. */
function watchSession ({ stream }: Http2ServerRequest): void {
  if (stream.session !== undefined) cutWhenBroken(stream.session)
}
