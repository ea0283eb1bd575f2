// Which host and port does this text name? A Host header, `:authority` or the authority of a URL, in one normal form.

import { isIPv6 } from 'node:net'

/** An authority, taken apart. */
export interface Authority {
  /** Lower case, without port and trailing dot; an IPv6 address in its shortest form, in brackets. */
  readonly host: string
  /** The port it names, or null where it names none. */
  readonly port: number | null
}

/** The longest host name, in characters (RFC 1035 §2.3.4, as text and without the trailing dot). */
export const LONGEST_NAME = 253

// The unreserved characters of RFC 3986 §2.3, the underscore of real host names among them. No percent-encoding and no sub-delims (§3.2.2):
// no name that is looked up has any, and a comma, a quote or a semicolon would be syntax in other headers. No empty label.
const NAME_AND_PORT = /^([\w~-]+(?:\.[\w~-]+)*)\.?(?::(\d{0,5}))?$/
const LITERAL_AND_PORT = /^\[([\da-f:.]+)\](?::(\d{0,5}))?$/i

/**
 * Reads the value of a Host header or `:authority` (RFC 9110 §7.2, RFC 3986 §3.2).
 *
 * @returns null where it is no host with an optional port: empty, with spaces, user information, a path, percent-encoding, bytes above
 * ASCII, a second port, or a port that is none.
 */
export function parseAuthority (text: string): Authority | null {
  const name = NAME_AND_PORT.exec(text)
  if (name !== null) {
    const host = name[1] as string
    const port = parsePort(name[2])
    return host.length > LONGEST_NAME || port === undefined ? null : { host: host.toLowerCase(), port }
  }
  const literal = LITERAL_AND_PORT.exec(text)
  if (literal === null || !isIPv6(literal[1] as string)) return null
  const port = parsePort(literal[2])
  return port === undefined ? null : { host: shortestIPv6(literal[1] as string), port }
}

// Most are a short name, or a name with a port that is one at first sight: these need no object.
const PLAIN = /^[\w~-]+(?:\.[\w~-]+)*(?::[0-5]?\d{1,4})?$/

/** Whether `parseAuthority` can read the text. */
export function isAuthority (text: string): boolean {
  return (text.length <= LONGEST_NAME && PLAIN.test(text)) || parseAuthority(text) !== null
}

/** An IPv6 address in its shortest form, in brackets (RFC 5952). */
export function shortestIPv6 (address: string): string {
  return new URL(`http://[${address}]`).hostname
}

// `host:` is allowed by RFC 3986 §3.2.3 and means the scheme's own port.
function parsePort (digits: string | undefined): number | null | undefined {
  if (digits === undefined || digits === '') return null
  const port = Number(digits)
  return port <= 65535 ? port : undefined
}
