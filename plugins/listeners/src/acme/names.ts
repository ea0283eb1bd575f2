// May this name be asked for? A public CA issues for public DNS names only, and each refusal counts against its limits.

import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { domainToASCII } from 'node:url'

/** Top-level names that no public CA can validate (RFC 6761, RFC 6762, RFC 7686, RFC 8375, RFC 9476; `.internal` by ICANN). */
const RESERVED: ReadonlySet<string> = new Set(['localhost', 'local', 'test', 'internal', 'example', 'invalid', 'onion', 'alt', 'arpa'])
/** A name is also that of a file, with an ending; file systems take 255 bytes. */
const LONGEST = 200
const LABEL = /^[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?$/

/** The form in which a name is stored and compared: lower case, ASCII, without the dot of the root. */
export function plainName (name: string): string {
  const plain = name.toLowerCase().replace(/\.$/, '')
  return /^[\x20-\x7e]*$/.test(plain) ? plain : domainToASCII(plain)
}

/** Why no certificate is asked for this name, as the end of a sentence; null where it may be. What passes is also safe as a file's name. */
export function whyNot (name: string): string | null {
  if (isIP(name) !== 0) return 'is an IP address'
  if (name.startsWith('*.')) return 'is a wildcard, which needs a challenge by DNS'
  const labels = name.split('.')
  if (name.length > LONGEST) return `has more than ${LONGEST} characters`
  if (!labels.every(label => LABEL.test(label))) return 'is no host name'
  if (RESERVED.has(labels.at(-1) as string)) return 'is reserved for local use'
  if (labels.length === 1) return 'is no full host name'
  return /^\d+$/.test(labels.at(-1) as string) ? 'is no host name' : null
}

/** The addresses of a name, by the system's resolver; none where it has none. */
export async function resolveName (name: string): Promise<readonly string[]> {
  return (await lookup(name, { all: true })).map(({ address }) => address)
}
