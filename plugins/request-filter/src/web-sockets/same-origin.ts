// Is the page of the host that its WebSocket asks? Scheme, host and port have to be the same (RFC 6454 §5).
import { parseAuthority } from '@fastify-arr/authority'
import type { FastifyRequest } from 'fastify'
import { defaultPortOf, type Origin } from './origin.ts'

// What proxies say in X-Forwarded-Proto of a WebSocket.
const SCHEMES: Readonly<Record<string, string>> = { ws: 'http', wss: 'https' }

/** Compares with the request's scheme and Host, or with what a trusted proxy says of them (Fastify's `trustProxy`). */
export function isSameOrigin (origin: Origin, request: FastifyRequest): boolean {
  const protocol = (request.protocol as string | undefined ?? '').toLowerCase()
  const scheme = Object.hasOwn(SCHEMES, protocol) ? SCHEMES[protocol] as string : protocol
  if (origin.scheme !== scheme) return false
  const asked = parseAuthority(request.host)
  const page = parseAuthority(origin.host)
  if (asked === null || page === null || asked.host !== page.host) return false
  // `parseAuthority` leaves a trailing dot out. For browsers the two are different hosts, with cookies of their own.
  if (/\.(?::\d*)?$/.test(request.host) !== origin.host.endsWith('.')) return false
  return (asked.port ?? defaultPortOf(scheme)) === origin.port
}
