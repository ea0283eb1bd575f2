// Which host does a request name, and is it one? A host, and perhaps a port (RFC 9110 §7.2).
import { isAuthority } from '@fastify-arr/authority'
import type { FastifyRequest } from 'fastify'
import { ERRORS } from '../errors.ts'

/**
 * Checks the host that a client names, whichever Host the upstream gets: X-Forwarded-Host and rewritten Locations contain it. Throws
 * BadTarget where it is none. HTTP/1.0 may name none, and of HTTP/1.1 Node requires one; a second one is found when headers are copied.
 */
export function checkHost (request: FastifyRequest): void {
  const { headers, httpVersionMajor } = request.raw
  const named = headers.host ?? (headers[':authority'] as string | undefined)
  if (named === undefined ? httpVersionMajor === 2 : !isAuthority(named)) throw new ERRORS.BadTarget()
  // With `trustProxy`, it is what a trusted proxy says that its client has named.
  const { host } = request
  if (host !== named && host !== '' && !isAuthority(host)) throw new ERRORS.BadTarget()
}

/** The only Host among headers (names and values in turn). Throws BadTarget where it is missing, repeated or not valid. */
export function soleHost (headers: readonly string[]): string {
  let host: string | null = null
  for (let i = 0; i < headers.length; i += 2) {
    if ((headers[i] as string).toLowerCase() !== 'host') continue
    if (host !== null) throw new ERRORS.BadTarget()
    host = headers[i + 1] as string
  }
  if (host === null || !isAuthority(host)) throw new ERRORS.BadTarget()
  return host
}
