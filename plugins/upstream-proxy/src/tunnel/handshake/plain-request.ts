// What becomes of an upgrade where WebSockets are not proxied? It is a plain request, as on a server without 'upgrade' listeners.
import type { Upstream } from '@fastify-arr/facts'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Upgrade } from '../../dispatch/upgrade.ts'
import { describe, ERRORS } from '../../errors.ts'
import { clientSide } from './client-side.ts'
import { isHandshake } from './handshake-head.ts'

/** Prepares an upgrade to be forwarded as a plain request. Throws BadHandshake where it cannot be one: extended CONNECT, or an upgrade with a body, which Node does not parse. */
export function asPlainRequest (request: FastifyRequest, reply: FastifyReply, upgrade: Upgrade): void {
  clientSide(upgrade).decline(reply)
  if (upgrade.http === '1.1' && isHandshake(request, upgrade)) return
  ;(request.upstream as Upstream).error = describe('BadHandshake', 'connect', 'client')
  throw new ERRORS.BadHandshake()
}
