// What may a Host header hold? A host, and perhaps a port (RFC 9110 §7.2).
import { ERRORS } from '../errors.ts'

// RFC 3986 §3.2.2, without percent-encoding: no name that is looked up has any.
const AUTHORITY = /^(?:\[[0-9a-f:.]+\]|[a-z0-9\-._~!$&'()*+,;=]+)(?::\d{0,5})?$/i

/** True for a host with or without a port: no user, no path, no space, no second port. */
export function isAuthority (text: string): boolean {
  return AUTHORITY.test(text)
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
