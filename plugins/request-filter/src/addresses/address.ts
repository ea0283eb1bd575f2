// Which IP address does this text name? That of a connection, of X-Forwarded-For, or of an option.
import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'

/** An address as ipaddr.js has it. */
export type Address = ipaddr.IPv4 | ipaddr.IPv6

/** Longer than the longest address with a zone and a port. What a client can put into X-Forwarded-For has no limit but that of the head. */
const LONGEST = 64

const IPV4_WITH_PORT = /^([\d.]+):\d{1,5}$/
const BRACKETED = /^\[([^\]]+)\](?::\d{1,5})?$/

/**
 * Reads the address of a client. An IPv4-mapped IPv6 address (`::ffff:192.0.2.1`) is the IPv4 address, a zone is left out, and so is the
 * port that ARR and some load balancers write into X-Forwarded-For. Null for what is no address, and for a unix socket.
 */
export function readAddress (text: string | undefined): Address | null {
  if (text === undefined || text.length > LONGEST) return null
  const bare = withoutZone((BRACKETED.exec(text) ?? IPV4_WITH_PORT.exec(text))?.[1] ?? text)
  // ipaddr.js takes `010.0.0.1` and `10.1` too, each of them for an address that a person would not expect.
  return isIP(bare) === 0 ? null : ipaddr.process(bare)
}

function withoutZone (text: string): string {
  const zone = text.indexOf('%')
  return zone === -1 ? text : text.slice(0, zone)
}
