// What becomes of an upgrade that its route does not tunnel? It is a plain request, as on a server without 'upgrade' listeners.
import type { Upstream } from '@fastify-arr/facts'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { isBare } from '../../dispatch/protocols.ts'
import type { Upgrade } from '../../dispatch/upgrade.ts'
import { describe, ERRORS } from '../../errors.ts'
import { clientSide } from './client-side.ts'

/** Prepares an upgrade to be forwarded as a plain request. Throws BadHandshake where it cannot be one: extended CONNECT, or an upgrade with a body, which Node does not parse. */
export function asPlainRequest (request: FastifyRequest, reply: FastifyReply, upgrade: Upgrade): void {
  clientSide(upgrade).decline(reply)
  if (upgrade.http === '1.1' && isBare(request.raw)) return
  ;(request.upstream as Upstream).error = describe('BadHandshake', 'connect', 'client')
  throw new ERRORS.BadHandshake()
}
