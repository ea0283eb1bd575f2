// What is an upgrade where WebSockets are not proxied? The plain request that it is on a server on which nobody takes upgrades.
import type { Upstream } from '@fastify-arr/facts'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Upgrade } from '../../dispatch/upgrade.ts'
import { describe, ERRORS } from '../../errors.ts'
import { clientSide } from './client-side.ts'
import { isHandshake } from './handshake-head.ts'

/** Readies an upgrade for being forwarded. Throws BadHandshake for what is no request without it: extended CONNECT, or one with a body, which Node has not read. */
export function asPlainRequest (request: FastifyRequest, reply: FastifyReply, upgrade: Upgrade): void {
  clientSide(upgrade).decline(reply)
  if (upgrade.http === '1.1' && isHandshake(request, upgrade)) return
  ;(request.upstream as Upstream).error = describe('BadHandshake', 'connect', 'client')
  throw new ERRORS.BadHandshake()
}
