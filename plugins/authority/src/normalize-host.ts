// Which host does an option name? Written by a person: in any case, with letters beyond ASCII, an IPv6 address without brackets.

import { isIPv6 } from 'node:net'
import { domainToASCII } from 'node:url'
import { LONGEST_NAME, parseAuthority, shortestIPv6 } from './authority.ts'

// How most hosts are written; ten thousand of them are normalised without IDN processing.
const PLAIN_NAME = /^[a-z_][a-z0-9_-]*(?:\.[a-z0-9_-]+)*$/

/**
 * Reads a host name as it is written in an option: any case, IDN, a trailing dot, IPv6 with or without brackets.
 *
 * @returns the normal form that `parseAuthority` gives for the same host, or null where it is no host name.
 */
export function normalizeHost (text: string): string | null {
  if (text.length <= LONGEST_NAME && PLAIN_NAME.test(text) && !text.includes('xn--')) return text
  // A zone identifies a link of this machine, and is no part of a host name (RFC 6874 §4).
  if (isIPv6(text)) return text.includes('%') ? null : shortestIPv6(text)
  if (text.startsWith('[')) return parseAuthority(text)?.host ?? null
  // domainToASCII takes `a/b` and `a:80` for `a`: a text with such characters is refused before.
  if (/[\s/\\?#@:%<>^|[\]]/.test(text)) return null
  const ascii = domainToASCII(text)
  return ascii === '' ? null : parseAuthority(ascii)?.host ?? null
}
