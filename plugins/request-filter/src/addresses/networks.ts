// Is this address in one of the networks? The first that holds it decides, as in IIS's <ipSecurity>.
import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'
import { type Address, readAddress } from './address.ts'
import type { AddressEntry } from './options.ts'

/** A network and what is done with its addresses. */
export interface Network {
  readonly base: Address
  /** How many of the leading bits an address has in common with the base. */
  readonly bits: number
  readonly allowed: boolean
}

/** The first network that holds the address, or null. An IPv4 network holds no IPv6 address, and the other way round. */
export function firstOf (networks: readonly Network[], address: Address): Network | null {
  const kind = address.kind()
  for (const network of networks) {
    if (network.base.kind() === kind && address.match(network.base, network.bits)) return network
  }
  return null
}

/** Compiles one entry; null where it is a mistake, which is added to `mistakes`. */
export function compileNetwork (entry: AddressEntry, at: string, mistakes: string[]): Network | null {
  const { ipAddress, subnetMask, allowed = false } = entry
  const slash = ipAddress.indexOf('/')
  const text = slash === -1 ? ipAddress : ipAddress.slice(0, slash)
  // A port or a zone belongs to a connection, and to no option.
  if (isIP(text) === 0 || text.includes('%')) {
    mistakes.push(`\`${at}.ipAddress\` must be an IP address or a network, such as 192.0.2.1, 10.0.0.0/8 or fd00::/8`)
    return null
  }
  if (slash !== -1 && subnetMask !== undefined) {
    mistakes.push(`\`${at}\` has a prefix in \`ipAddress\` and a \`subnetMask\`: one of them says it`)
    return null
  }
  const base = ipaddr.parse(text)
  const bits = slash === -1 ? bitsOf(subnetMask, base) : prefixOf(ipAddress.slice(slash + 1), base)
  if (bits === null) {
    mistakes.push(slash === -1
      ? `\`${at}.subnetMask\` must be a mask such as 255.255.0.0, its ones first, or a prefix's length such as 16`
      : `\`${at}.ipAddress\` must have a prefix of at most ${widthOf(base)} bits`)
    return null
  }
  // A network of IPv4-mapped addresses is a network of IPv4 addresses, since the clients' addresses are read so.
  const mapped = base.kind() === 'ipv6' && (base as ipaddr.IPv6).isIPv4MappedAddress() && bits >= 96
  return mapped
    ? { base: readAddress(text) as Address, bits: bits - 96, allowed }
    : { base, bits, allowed }
}

function widthOf (base: Address): number {
  return base.kind() === 'ipv4' ? 32 : 128
}

function bitsOf (mask: string | undefined, base: Address): number | null {
  if (mask === undefined || mask === '') return widthOf(base)
  const family = isIP(mask)
  if (family === 0) return prefixOf(mask, base)
  return family === (base.kind() === 'ipv4' ? 4 : 6) ? ipaddr.parse(mask).prefixLengthFromSubnetMask() : null
}

function prefixOf (text: string, base: Address): number | null {
  return /^\d{1,3}$/.test(text) && Number(text) <= widthOf(base) ? Number(text) : null
}
