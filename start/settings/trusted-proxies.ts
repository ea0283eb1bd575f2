// Which proxies in front are believed? Addresses, networks, and the words that Fastify has for some networks.
import { isIP } from 'node:net'

const WORDS: ReadonlySet<string> = new Set(['loopback', 'linklocal', 'uniquelocal'])

/** The entries of a list with commas; one text, or several where an option was repeated. */
export function trustedProxies (text: string | readonly string[] | undefined): string[] {
  return [text ?? ''].flat().flatMap(entries => entries.split(',')).map(entry => entry.trim()).filter(entry => entry !== '')
}

/** The sentence for an entry that is none, or null. */
export function trustMistake (entries: readonly string[]): string | null {
  const wrong = entries.find(entry => !isTrustable(entry))
  return wrong === undefined ? null : `TRUST_PROXY must be addresses or networks such as 10.0.0.5 or 10.0.0.0/8, or loopback, linklocal or uniquelocal, and not ${JSON.stringify(wrong)}: every client could say who it is.`
}

function isTrustable (entry: string): boolean {
  if (WORDS.has(entry)) return true
  const [address = '', bits, ...rest] = entry.split('/')
  const kind = isIP(address)
  if (kind === 0 || rest.length > 0) return false
  // With no bits at all, a network is everybody.
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) >= 1 && Number(bits) <= (kind === 4 ? 32 : 128))
}
