// Which headers does everything have? The page runs its own files only, is in no frame, and is in no cache.
import type { FastifyReply } from 'fastify'

const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/** For pages that the page shows in a frame of its own: made of what clients have sent, they run nothing and load nothing. */
export const FRAMED_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox"

const HEADERS: ReadonlyArray<readonly [name: string, value: string]> = [
  ['content-security-policy', POLICY],
  ['x-content-type-options', 'nosniff'],
  ['x-frame-options', 'DENY'],
  ['referrer-policy', 'no-referrer'],
  ['cross-origin-opener-policy', 'same-origin'],
  ['cross-origin-resource-policy', 'same-origin'],
  ['cache-control', 'no-store']
]

// The user's server may give them to everybody.
const CROSS_ORIGIN = ['access-control-allow-origin', 'access-control-allow-credentials', 'access-control-expose-headers']

/** Sets them, over those of the user's own server. */
export function setHeaders (reply: FastifyReply): void {
  for (const [name, value] of HEADERS) reply.header(name, value)
  for (const name of CROSS_ORIGIN) {
    reply.removeHeader(name)
    if (!reply.raw.headersSent) reply.raw.removeHeader(name)
  }
}

/** For an answer that the page shows in a frame of its own. */
export function setFramedHeaders (reply: FastifyReply): void {
  reply.header('content-security-policy', FRAMED_POLICY).header('x-frame-options', 'SAMEORIGIN')
}
