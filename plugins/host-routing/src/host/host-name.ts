// Which host is this text a name of? Host names, IP literals and Host header values in their one normal form.

import { isIPv6 } from 'node:net'
import { domainToASCII } from 'node:url'
import { shortestIPv6 } from './address.ts'

/** A Host header, an authority or an absolute URL's host, taken apart. */
export interface HostAndPort {
  /** Lower case, without port and trailing dot; an IPv6 address in its shortest form, in brackets. */
  readonly host: string
  /** The port it names, or null where it names none. */
  readonly port: number | null
}

// reg-name without percent-encoding (RFC 3986 §3.2.2), and the underscore that real host names carry.
const NAME_AND_PORT = /^([a-z0-9_-]+(?:\.[a-z0-9_-]+)*)\.?(?::(\d{0,5}))?$/i
const LITERAL_AND_PORT = /^\[([0-9a-f:.]+)\](?::(\d{0,5}))?$/i
// How most hosts are written; a table of ten thousand sites is compiled without IDN processing for these.
const PLAIN_NAME = /^[a-z_][a-z0-9_-]*(?:\.[a-z0-9_-]+)*$/
const LONGEST_NAME = 253

/**
 * Reads the value of a Host header or `:authority` (RFC 9110 §7.2, RFC 3986 §3.2).
 *
 * @returns null where it is no host: empty, with spaces, user information, percent-encoding or bytes above ASCII.
 */
export function parseHost (value: string): HostAndPort | null {
  const name = NAME_AND_PORT.exec(value)
  if (name !== null) {
    const host = name[1] as string
    const port = parsePort(name[2])
    return host.length > LONGEST_NAME || port === undefined ? null : { host: host.toLowerCase(), port }
  }
  const literal = LITERAL_AND_PORT.exec(value)
  if (literal === null || !isIPv6(literal[1] as string)) return null
  const port = parsePort(literal[2])
  return port === undefined ? null : { host: shortestIPv6(literal[1] as string), port }
}

/**
 * Reads a host name as it is written in an option: any case, IDN, a trailing dot, IPv6 with or without brackets.
 *
 * @returns the normal form that `parseHost` gives for the same host, or null where it is no host name.
 */
export function normalizeHost (text: string): string | null {
  if (text.length <= LONGEST_NAME && PLAIN_NAME.test(text) && !text.includes('xn--')) return text
  // A zone identifies a link of this machine, and is no part of a host name (RFC 6874 §4).
  if (isIPv6(text)) return text.includes('%') ? null : shortestIPv6(text)
  if (text.startsWith('[')) return parseHost(text)?.host ?? null
  // domainToASCII takes `a/b` and `a:80` for `a`: a text with such characters is refused before.
  if (/[\s/\\?#@:%<>^|[\]]/.test(text)) return null
  const ascii = domainToASCII(text)
  return ascii === '' ? null : parseHost(ascii)?.host ?? null
}

// `host:` is allowed by RFC 3986 §3.2.3 and means the scheme's own port.
function parsePort (digits: string | undefined): number | null | undefined {
  if (digits === undefined || digits === '') return null
  const port = Number(digits)
  return port <= 65535 ? port : undefined
}
