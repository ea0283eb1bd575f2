// Does the server's `trustProxy` believe who has sent this request?
import type { FastifyRequest } from 'fastify'

const CLAIM = Object.freeze({ 'x-forwarded-proto': 'believed' })

/**
 * Asks Fastify. It shows its trust function to nobody, and calls it only where a peer claims something (`ips` has one address
 * for a trusted peer without X-Forwarded-For too): so `protocol` is read of a request by the same peer that claims something.
 */
export function isTrusted (request: FastifyRequest): boolean {
  const protocol: unknown = Reflect.get(request, 'protocol', { raw: request.raw, headers: CLAIM })
  return protocol === CLAIM['x-forwarded-proto']
}
