// Which host does this request name? One host, or the reason why it is refused.

import { parseAuthority, sameAuthority, type Authority } from '@fastify-arr/authority'
import type { SiteRejection } from '@fastify-arr/facts'

/** What is read of a request: of Node's HTTP/1.1 requests, and of its HTTP/2 ones. */
export interface RawRequest {
  readonly method?: string | undefined
  readonly url?: string | undefined
  /** As it came, where Fastify has rewritten `url`. */
  readonly originalUrl?: string
  readonly headers: { readonly [name: string]: string | string[] | undefined }
  readonly rawHeaders: readonly string[]
  readonly socket: { readonly encrypted?: boolean, readonly localPort?: number | undefined, readonly localAddress?: string | undefined }
}

const ABSOLUTE_FORM = /^(https?):\/\/([^/?#]*)/i

/**
 * Reads the host a request is for. A request that names two is refused: a proxy in front, or the upstream behind, may choose
 * the other one (RFC 9112 §3.2 and §11.2, RFC 9113 §8.3.1). So is one whose target is in a form that its method does not have.
 */
export function askedHost (raw: RawRequest, target: string): Authority | SiteRejection {
  // `headers` has the first Host only.
  const given = soleHost(raw.rawHeaders)
  if (given === 'two') return 'BadRequest'
  const authority = raw.headers[':authority']
  const value = given ?? authority
  if (typeof value !== 'string') return 'Hostname'
  const host = readHost(value)
  if (host === null) return 'Hostname'

  const protocol = raw.socket.encrypted === true ? 'https' : 'http'
  if (given !== null && typeof authority === 'string' && !sameAuthority(given, authority, protocol)) return 'BadRequest'
  if (target.startsWith('/')) return host
  // Asterisk-form is for OPTIONS alone (RFC 9112 §3.2.4).
  if (target === '*') return raw.method === 'OPTIONS' ? host : 'BadRequest'
  const absolute = ABSOLUTE_FORM.exec(target)
  if (absolute === null || !sameAuthority(value, absolute[2] as string, absolute[1] as string)) return 'BadRequest'
  return host
}

// Most requests name the host of the one before.
let lastText = ''
let lastHost: Authority | null = null

function readHost (text: string): Authority | null {
  if (text !== lastText) {
    lastHost = parseAuthority(text)
    lastText = text
  }
  return lastHost
}

function soleHost (rawHeaders: readonly string[]): string | null | 'two' {
  let found: string | null = null
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] as string
    if (name.length !== 4 || name.toLowerCase() !== 'host') continue
    if (found !== null) return 'two'
    found = rawHeaders[index + 1] as string
  }
  return found
}
