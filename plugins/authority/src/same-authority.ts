// Do two texts name the same host and port? The same host is the same host, however it is written.

import { parseAuthority } from './authority.ts'

const DEFAULT_PORTS: Readonly<Record<string, number>> = { http: 80, ws: 80, https: 443, wss: 443 }

/** The port that a URL of this scheme means where it names none; null for other schemes than http, https, ws and wss. */
export function defaultPort (scheme: string): number | null {
  const name = scheme.toLowerCase()
  return Object.hasOwn(DEFAULT_PORTS, name) ? DEFAULT_PORTS[name] as number : null
}

/**
 * Whether two authorities name the same host and port under a scheme (RFC 9110 §4.2.3): case, a trailing dot, an empty port, the scheme's
 * default port and the spelling of an IPv6 address make no difference. False where one of them is no authority.
 */
export function sameAuthority (one: string, other: string, scheme: string): boolean {
  const first = parseAuthority(one)
  if (first === null || one === other) return first !== null
  const second = parseAuthority(other)
  if (second === null || first.host !== second.host) return false
  const usual = defaultPort(scheme)
  return (first.port ?? usual) === (second.port ?? usual)
}
