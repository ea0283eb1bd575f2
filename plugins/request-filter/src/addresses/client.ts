// Who is one client? An IPv4 address, or an IPv6 /64, which is what one customer usually has and changes addresses in at will.
import type ipaddr from 'ipaddr.js'
import { readAddress } from './address.ts'
import { Recent } from './recent.ts'

/** A client as 64 bits: of IPv6 the network, of IPv4 the address behind `ffff:ffff`, where IPv6 has multicast and so no client. */
export interface Client {
  readonly high: number
  readonly low: number
}

const IPV4 = 0xffffffff
const LONGEST = 64

const known = new Recent<Client>()

/** The client of an address; null where there is none: a unix socket, or a text that is no address. */
export function clientOf (text: string | undefined): Client | null {
  if (text === undefined || text.length > LONGEST) return null
  const seen = known.get(text)
  if (seen !== undefined) return seen
  const address = readAddress(text)
  if (address === null) return null
  const client = address.kind() === 'ipv4' ? ofIPv4(address as ipaddr.IPv4) : ofIPv6(address as ipaddr.IPv6)
  known.set(text, client)
  return client
}

function ofIPv4 ({ octets }: ipaddr.IPv4): Client {
  return { high: IPV4, low: join(join(octets[0]!, octets[1]!, 8), join(octets[2]!, octets[3]!, 8), 16) }
}

function ofIPv6 ({ parts }: ipaddr.IPv6): Client {
  return { high: join(parts[0]!, parts[1]!, 16), low: join(parts[2]!, parts[3]!, 16) }
}

function join (high: number, low: number, bits: number): number {
  return ((high << bits) | low) >>> 0
}
