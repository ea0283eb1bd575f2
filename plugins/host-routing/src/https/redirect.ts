// Is this request to go on, or to come again on https? The redirect, and HSTS on what goes on.

import type { ServerFacts, Told } from '@fastify-arr/facts'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { HttpsPolicy } from './policy.ts'

/**
 * Applies a site's policy to a request. False where the request is answered with a redirect.
 *
 * `request.protocol` rather than the socket's: behind a trusted proxy that ends TLS the client is on https already.
 */
export function serveHttps ({ redirect, hsts }: HttpsPolicy, host: string, request: FastifyRequest, reply: FastifyReply): boolean {
  if (request.protocol === 'https') {
    // On the raw response, where an answer that is written past Fastify carries it too.
    if (hsts !== null) reply.raw.setHeader('strict-transport-security', hsts)
    return true
  }
  if (redirect === null) return true
  const port = redirect.port ?? listeningPort(request.server) ?? 443
  reply.code(redirect.statusCode ?? redirectStatus(request.method)).header('location', httpsLocation(host, port, request.originalUrl)).send()
  return false
}

// Where a listeners plugin reports its addresses, the redirect goes to the https one among them.
function listeningPort ({ listeners }: Told<ServerFacts>): number | undefined {
  return listeners?.addresses?.find(address => address?.protocol === 'https')?.port ?? undefined
}

/** The https address of what was asked for on http. */
function httpsLocation (host: string, port: number, target: string): string {
  // Absolute-form brings its own authority, and `OPTIONS *` has no path.
  const path = target.startsWith('/') ? target : target.replace(/^[a-z]+:\/\/[^/?]*/i, '').replace(/^(?!\/)\*?/, '/')
  return `https://${host}${port === 443 ? '' : `:${port}`}${path}`
}

/** The status that makes every client send the same request again: 308 keeps method and body; for GET every client knows 301. */
function redirectStatus (method: string): number {
  return method === 'GET' || method === 'HEAD' ? 301 : 308
}
