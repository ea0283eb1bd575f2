// Which headers does the upstream get? The client's end-to-end headers, in their case, order and number,
// then those that a proxy adds; changes by a rewrite rule are applied last.
import type { IncomingMessage, Server } from 'node:http'
import { isAuthority, sameAuthority } from '@fastify-arr/authority'
import type { FastifyRequest } from 'fastify'
import { ERRORS } from '../errors.ts'
import type { Origin } from '../route/target.ts'
import { arrHeaders } from './arr-headers.ts'
import { type ForwardingSettings, forwardingHeaders } from './forwarding-headers.ts'
import type { HeaderNames } from './header-names.ts'
import { HOP_BY_HOP, namedByConnection } from './hop-by-hop.ts'
import { NOT_A_VALUE, type RawHeaders, TOKEN, without } from './raw-headers.ts'
import { isTrusted } from './trusted-peer.ts'

/** How the headers of a proxied request are made; fixed at registration. */
export interface HeaderPolicy {
  /** The upstream's own host, the client's, or a fixed value. */
  readonly host: 'upstream' | 'preserve' | { readonly value: string }
  readonly forwarding: ForwardingSettings
  /** Whether X-ARR-SSL and X-ARR-ClientCert tell about the client's TLS. */
  readonly arr: boolean
  /** Which of the client's headers pass. */
  readonly names: HeaderNames
}

/** Headers that a rule sets, by lower-case name; an empty value removes the header. */
export type HeaderChanges = Readonly<Record<string, string>>

const NO_CHANGES: HeaderChanges = Object.freeze({})

// How many headers of a request Node reads where the server sets no `maxHeadersCount`.
const MOST = 1000

// Headers that frame the message or belong to the connection cannot be changed by rules.
const OURS: ReadonlySet<string> = new Set([...HOP_BY_HOP, 'content-length', 'expect'])

/** The headers for the upstream, without those of the connection; `ownHost` is the Host of this server, which only a rule may change. Throws BadTarget where one would not be valid. */
export function upstreamHeaders (
  request: FastifyRequest,
  origin: Origin,
  policy: HeaderPolicy,
  logId: string,
  changes: HeaderChanges = NO_CHANGES,
  ownHost: string | null = null
): RawHeaders {
  const raw = request.raw.rawHeaders
  if (isCut(request.raw)) throw new ERRORS.BadTarget()
  const { connection } = request.raw.headers
  const dropped = namedByConnection(connection)
  const crumbs = request.raw.httpVersionMajor === 2
  const { names } = policy
  const out: RawHeaders = []
  let cookies = ''
  let named: string | null = null
  let trusted: boolean | undefined

  out.push('Host', hostFor(request, origin, policy, changes, ownHost))
  for (let i = 0; i < raw.length; i += 2) {
    const spelling = raw[i] as string
    const value = raw[i + 1] as string
    const name = names.of(spelling)
    if (!name.passes) {
      // Two different Hosts: two servers could each believe a different one (RFC 9112 §3.2, RFC 9113 §8.3.1).
      if (name.isHost) {
        if (named !== null && (!crumbs || !sameAuthority(named, value, request.protocol))) throw new ERRORS.BadTarget()
        named = value
      }
      continue
    }
    if (dropped.has(name.lower)) continue
    if (name.isOwned && !(trusted ??= isTrusted(request))) continue
    if (changes !== NO_CHANGES && (Object.hasOwn(changes, name.lower) || Object.hasOwn(changes, name.alias)) && !OURS.has(name.lower)) continue
    // HTTP/2 may split Cookie into several fields; HTTP/1.1 allows one (RFC 9113 §8.2.3).
    if (crumbs && name.isCookie) cookies = cookies === '' ? value : `${cookies}; ${value}`
    else out.push(spelling, value)
  }
  if (cookies !== '') out.push('cookie', cookies)
  out.push('X-ARR-LOG-ID', logId)
  forwardingHeaders(request, policy.forwarding, out)
  if (policy.arr) arrHeaders(request, out)
  if (changes !== NO_CHANGES) applyChanges(out, changes)

  // A lenient parser, HTTP/2 or a rule may have let through a value that would split the head.
  for (let i = 1; i < out.length; i += 2) {
    if (NOT_A_VALUE.test(out[i] as string)) throw new ERRORS.BadTarget()
  }
  return out
}

/**
 * True where a request may have more headers than Node reads. Headers past the limit are missing in `headers` but may be in
 * `rawHeaders`: a Content-Length there would be sent on without its body.
 */
export function isCut ({ httpVersionMajor, rawHeaders, socket }: IncomingMessage): boolean {
  if (httpVersionMajor !== 1) return false
  const { maxHeadersCount } = (socket as { server?: Server }).server ?? {}
  return rawHeaders.length >= 2 * (typeof maxHeadersCount === 'number' ? maxHeadersCount || Infinity : MOST)
}

function applyChanges (out: RawHeaders, changes: HeaderChanges): void {
  for (const name of Object.keys(changes)) {
    if (name === 'host' || OURS.has(name)) continue
    if (!TOKEN.test(name)) throw new ERRORS.BadTarget()
    without(out, name)
    const value = changes[name] as string
    // Rules work on text, which is sent as UTF-8; heads are written as latin1 strings, one character a byte.
    if (value !== '') out.push(name, /[^\x00-\xff]/.test(value) ? Buffer.from(value, 'utf8').toString('latin1') : value) // eslint-disable-line no-control-regex
  }
}

function hostFor (request: FastifyRequest, origin: Origin, policy: HeaderPolicy, changes: HeaderChanges, ownHost: string | null): string {
  let host = changes.host ?? ownHost ?? undefined
  if (host === undefined) {
    if (policy.host === 'upstream') return origin.host
    if (policy.host !== 'preserve') return policy.host.value
    host = request.headers.host ?? (request.headers[':authority'] as string | undefined) ?? origin.host
  }
  if (!isAuthority(host)) throw new ERRORS.BadTarget()
  return host
}
