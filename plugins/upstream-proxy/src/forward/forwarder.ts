// What forwards HTTP requests, and holds the connection pools for that?
import type { FarmVisit, Upstream } from '@fastify-arr/facts'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Errand } from '../farm/errand.ts'
import { FarmLease } from '../farm/farm-lease.ts'
import type { Settings } from '../options.ts'
import type { AnswerWay } from '../route/answer-way.ts'
import { anotherAttempt, type NextRoute } from '../route/attempts.ts'
import type { Route } from '../route/route.ts'
import type { Origin } from '../route/target.ts'
import { Leftovers } from './answer/leftovers.ts'
import type { DeliverAnswer } from './answer-delivery.ts'
import { closeWith } from './close-with.ts'
import { Forwarding } from './forward.ts'
import { type Destination, type Elsewhere, Lease } from './lease.ts'
import { Pool } from './pool/pool.ts'
import { bodyLimit } from './request/body-limit.ts'
import { BodyPaces } from './request/body-pace.ts'
import { contentOf, requestHead, type RequestHead } from './request/request-head.ts'

/** Forwards requests on which `request.upstream` is set. */
export interface Forwarder {
  /**
   * Sends a request to its upstream and the answer to the client. Hijacks the reply, unless Fastify is to answer errors, or `deliver` says
   * what else the answer is handed to. `own` has the settings of this exchange where they differ; those of connections are the
   * forwarder's. Throws where the request itself is not valid.
   */
  forward (request: FastifyRequest, reply: FastifyReply, route: Route, way: AnswerWay, own?: Settings, deliver?: DeliverAnswer | null): void
  /** The pools that have connections. */
  readonly pools: Iterable<Pool>
  /** Ends all connections to upstreams. */
  close (): Promise<void>
}

/** `next` gives the route of another attempt; with null, that is the first one's. */
export function createForwarder (settings: Settings, next: NextRoute | null = null): Forwarder {
  const pools = new Map<Origin, Pool>()
  const leftovers = new Leftovers(shorter(settings.forward.idleTimeout, settings.forward.sendTimeout))
  const paces = new BodyPaces(settings.forward.minRate, settings.forward.idleTimeout)

  function poolOf (origin: Origin): Pool {
    let pool = pools.get(origin)
    if (pool === undefined) {
      pool = new Pool(origin, settings.forward, () => { pools.delete(origin) })
      pools.set(origin, pool)
    }
    return pool
  }

  const elsewhere: Elsewhere | null = next === null
    ? null
    : (request, before) => anotherAttempt(request, next, route => {
        return to(requestHead(request, route, settings, (request.upstream as Upstream).logId, before))
      })

  function to (head: RequestHead): Destination {
    return { pool: poolOf(head.origin), head }
  }

  return {
    forward (request, reply, route, way, own = settings, deliver = null) {
      // Before the reply is hijacked, so that Fastify answers an error of the request itself.
      const { farm = null } = route
      const head = farm === null ? requestHead(request, route, own, (request.upstream as Upstream).logId) : null
      const content = head ?? contentOf(request)
      const limit = bodyLimit(request, reply, content.body, own.forward.maxBodySize)
      if (deliver === null && !way.errorsThroughReply) reply.hijack()
      const lease = head !== null
        ? new Lease(to(head), own.forward.retries, elsewhere)
        : new FarmLease(new Errand(request, reply, route, farm as FarmVisit, settings.origins), route => to(requestHead(request, route, own, (request.upstream as Upstream).logId, content)))
      const forwarding = new Forwarding(request, reply, way, lease, content, own.headers.names, own.forward, leftovers, paces, limit, deliver)
      if (request.raw.httpVersionMajor === 1 && reply.raw.socket === null) {
        closeWith(request.raw.socket, reply.raw)
        // In a pipeline, the preceding request's body emits 'end' a tick later: that request must be sent first.
        process.nextTick(() => { forwarding.start() })
      } else {
        forwarding.start()
      }
    },

    pools: { [Symbol.iterator]: () => pools.values() },

    async close () {
      for (const pool of pools.values()) pool.close()
    }
  }
}

/** The shorter of two time limits, in ms; 0 is none. */
function shorter (a: number, b: number): number {
  return a === 0 || b === 0 ? Math.max(a, b) : Math.min(a, b)
}
