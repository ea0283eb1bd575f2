// What headers does the upstream get? The client's end-to-end headers, in their case, order and number,
// then what a proxy adds, then what a rewrite rule says: that is applied last.
import type { FastifyRequest } from 'fastify'
import { HOP_BY_HOP, namedByConnection } from './hop-by-hop.ts'
import type { Origin } from './target.ts'

/** Names and values in turn, as Node's `rawHeaders`. */
export type RawHeaders = string[]

/** What happens to a forwarding header: replaced by what we know, appended to what a trusted proxy said, dropped, or left as it came. */
export type ForwardingPolicy = 'set' | 'append' | 'remove' | 'keep'

/** How the headers of a proxied request are made, fixed at registration. */
export interface HeaderPolicy {
  /** The upstream's own host, the client's, or a fixed value. */
  readonly host: 'upstream' | 'preserve' | { readonly value: string }
  readonly forwardedFor: ForwardingPolicy
  readonly forwardedHost: ForwardingPolicy
  readonly forwardedProto: ForwardingPolicy
  /** IIS writes `address:port` into X-Forwarded-For; most applications choke on it. */
  readonly portInForwardedFor: boolean
}

/** Header names a rule set, lower-cased; an empty value removes the header. */
export type HeaderChanges = Readonly<Record<string, string>>

const NO_CHANGES: HeaderChanges = Object.freeze({})

/** The address of the peer or, behind trusted proxies, of the client, with all that are believed (`trustProxy`). */
export function forwardedFor (request: FastifyRequest, policy: HeaderPolicy): string {
  const port = policy.portInForwardedFor ? `:${request.raw.socket.remotePort ?? 0}` : ''
  const own = request.raw.socket.remoteAddress ?? request.ip
  const last = port === '' ? own : (own.includes(':') ? `[${own}]${port}` : own + port)
  if (policy.forwardedFor !== 'append' || request.ips === undefined || request.ips.length < 2) {
    return policy.forwardedFor === 'set' && request.ips !== undefined && request.ips.length > 1 ? request.ip : last
  }
  // Fastify lists the believed addresses from the nearest to the farthest; the header runs the other way.
  return [...request.ips.slice(1).reverse(), last].join(', ')
}

/**
 * The headers for the upstream. `connection` names what this hop itself adds (`Upgrade` and its Connection for a tunnel),
 * put where the client's own stood or at the end.
 */
export function upstreamHeaders (
  request: FastifyRequest,
  origin: Origin,
  policy: HeaderPolicy,
  logId: string,
  changes: HeaderChanges = NO_CHANGES
): RawHeaders {
  const raw = request.raw.rawHeaders
  const dropped = namedByConnection(request.headers.connection)
  const set: Record<string, string> = {
    'x-arr-log-id': logId
  }
  const names: Record<string, string> = {
    'x-arr-log-id': 'X-ARR-LOG-ID',
    'x-forwarded-for': 'X-Forwarded-For',
    'x-forwarded-host': 'X-Forwarded-Host',
    'x-forwarded-proto': 'X-Forwarded-Proto'
  }
  applyForwarding(set, 'x-forwarded-for', policy.forwardedFor, () => forwardedFor(request, policy))
  applyForwarding(set, 'x-forwarded-host', policy.forwardedHost, () => request.host)
  applyForwarding(set, 'x-forwarded-proto', policy.forwardedProto, () => request.protocol)
  for (const name in changes) set[name] = changes[name] as string

  const out: RawHeaders = []
  const host = set.host ?? hostFor(request, origin, policy)
  delete set.host
  let cookies = ''
  if (host !== '') out.push('Host', host)
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] as string
    const lower = name.toLowerCase()
    if (lower === 'host' || lower.startsWith(':') || HOP_BY_HOP.has(lower) || dropped.has(lower)) continue
    const replacement = set[lower]
    if (replacement === undefined) {
      // HTTP/2 may split Cookie into crumbs; HTTP/1.1 knows one (RFC 9113 §8.2.3).
      if (lower === 'cookie' && request.raw.httpVersionMajor === 2) {
        cookies = cookies === '' ? raw[i + 1] as string : `${cookies}; ${raw[i + 1] as string}`
      } else {
        out.push(name, raw[i + 1] as string)
      }
      continue
    }
    if (replacement !== '') out.push(name, replacement)
    set[lower] = ''
  }
  if (cookies !== '') out.push('cookie', cookies)
  for (const name in set) {
    const value = set[name] as string
    if (value !== '') out.push(names[name] ?? name, value)
  }
  return out
}

function hostFor (request: FastifyRequest, origin: Origin, policy: HeaderPolicy): string {
  if (policy.host === 'upstream') return origin.host
  if (policy.host === 'preserve') return request.headers.host ?? (request.headers[':authority'] as string | undefined) ?? origin.host
  return policy.host.value
}

function applyForwarding (set: Record<string, string>, name: string, policy: ForwardingPolicy, value: () => string): void {
  if (policy === 'keep') return
  set[name] = policy === 'remove' ? '' : value()
}
