// Where does a request come from? The page may be asked by its own names and by its own scripts only.
import { parseAuthority, sameAuthority } from '@fastify-arr/authority'
import type { FastifyRequest } from 'fastify'

/** Why a request may not come from where it does, in a sentence for the client; null where it may. */
export function objectionTo (request: FastifyRequest, hosts: ReadonlySet<string>): string | null {
  const { headers } = request.raw
  const asked = headers[':authority'] ?? headers.host
  // The header itself, not `request.host`: a page of another name that has this address (DNS rebinding) can set X-Forwarded-Host.
  if (typeof asked !== 'string' || !isAmong(asked, hosts)) return 'The page may not be asked by this host name. Those that may are in the option `hosts`.'
  const forwarded = request.host
  if (!isAmong(forwarded, hosts)) return 'The page may not be asked by the host name that a proxy has forwarded. Those that may are in the option `hosts`.'
  const { origin } = headers
  if (origin !== undefined && !isOwn(origin, [asked, forwarded])) return 'Pages of other origins may not ask.'
  const site = headers['sec-fetch-site']
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return 'Other pages may neither ask nor link to this one: enter its address.'
  return null
}

function isAmong (authority: string, hosts: ReadonlySet<string>): boolean {
  const parsed = parseAuthority(authority)
  return parsed !== null && hosts.has(parsed.host)
}

/** Whether an Origin (RFC 6454 §7) is that of the page. Its scheme is not compared: a proxy may have ended TLS. */
function isOwn (origin: string, authorities: readonly string[]): boolean {
  const [, scheme, authority] = /^(https?):\/\/([^/]+)$/i.exec(origin) ?? []
  return scheme !== undefined && authority !== undefined && authorities.some(own => sameAuthority(own, authority, scheme))
}
