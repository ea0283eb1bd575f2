// Does the server's `trustProxy` trust the peer that sent this request?
import type { FastifyRequest } from 'fastify'

const CLAIM = Object.freeze({ 'x-forwarded-proto': 'believed' })

/**
 * Asks Fastify. Its trust function is private and only called where a request has a forwarding header (`ips` has one address for a
 * trusted peer without X-Forwarded-For too). So `protocol` is read from a request of the same peer that has such a header.
 */
export function isTrusted (request: FastifyRequest): boolean {
  const protocol: unknown = Reflect.get(request, 'protocol', { raw: request.raw, headers: CLAIM })
  return protocol === CLAIM['x-forwarded-proto']
}
