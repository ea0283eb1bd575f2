// Which host is this text a name of? Host names, IP literals and Host header values in their one normal form.

import { isIPv6 } from 'node:net'
import { domainToASCII } from 'node:url'

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
// What most hosts are written as, which spares ten thousand of them the IDN machinery.
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
 * Reads a host name as a person writes it in an option: any case, IDN, a trailing dot, IPv6 with or without brackets.
 *
 * @returns the normal form that `parseHost` gives for the same host, or null where it is no host name.
 */
export function normalizeHost (text: string): string | null {
  if (text.length <= LONGEST_NAME && PLAIN_NAME.test(text) && !text.includes('xn--')) return text
  // A zone is this machine's own name of a link, and no part of a host's (RFC 6874 §4).
  if (isIPv6(text)) return text.includes('%') ? null : shortestIPv6(text)
  if (text.startsWith('[')) return parseHost(text)?.host ?? null
  // domainToASCII would take `a/b` or `a:80` for `a`: what is left out must have been plain to begin with.
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

function shortestIPv6 (address: string): string {
  return new URL(`http://[${address}]`).hostname
}

/**
 * The one form of an IP address that a socket tells: without the zone of a link-local one, and an IPv4 connection to a
 * dual-stack socket as the IPv4 that it is.
 */
export function plainAddress (address: string): string {
  if (address.startsWith('::ffff:') && address.includes('.')) return address.slice(7)
  const zone = address.indexOf('%')
  return zone === -1 ? address : address.slice(0, zone)
}

/** The same of an address as a person writes it. */
export function normalizeAddress (address: string): string {
  const plain = plainAddress(address.toLowerCase())
  return isIPv6(plain) ? shortestIPv6(plain).slice(1, -1) : plain
}
