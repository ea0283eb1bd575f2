// What becomes of an exchange whose WebSocket moves to another process? It is counted there from then on, and ends there.
import type { TunnelCarrier } from '@fastify-arr/facts'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Exchanges } from './exchanges.ts'

const CAME = Symbol('when the exchange of a WebSocket that has come began, for the monitor')

type Moved = FastifyRequest & { [CAME]?: number }

/** `responseOf` finds the response of an exchange that began here. */
export function carrierOf (exchanges: Exchanges, responseOf: (request: FastifyRequest) => FastifyReply['raw'] | undefined): TunnelCarrier {
  return {
    name: '@fastify-arr/monitor',
    give: () => null,
    left (request: Moved) {
      if (request[CAME] === undefined) exchanges.left(responseOf(request))
      else exchanges.wentOrEnded(request, 0, true)
    },
    take (request: Moved) {
      request[CAME] = Date.now()
      exchanges.came(request)
    },
    ended (request: Moved) {
      const { upstream } = request as { readonly upstream?: { readonly tunnel?: { readonly openedAt?: number, readonly handshakeTime?: number } | null } }
      const began = (upstream?.tunnel?.openedAt ?? request[CAME] ?? 0) - (upstream?.tunnel?.handshakeTime ?? 0)
      exchanges.wentOrEnded(request, Math.max(0, Date.now() - began), false)
    }
  }
}
