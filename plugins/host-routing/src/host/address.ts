// Which IP address is this? Addresses in the one form in which they are compared.

import { isIPv6 } from 'node:net'
import { normalizeHost } from '@fastify-arr/authority'

/**
 * The normal form of an address that a socket reports: a link-local address without its zone, and an IPv4 connection to a
 * dual-stack socket as IPv4.
 */
export function plainAddress (address: string): string {
  if (address.startsWith('::ffff:') && address.includes('.')) return address.slice(7)
  const zone = address.indexOf('%')
  return zone === -1 ? address : address.slice(0, zone)
}

/** The same normal form of an address that is written in an option. */
export function normalizeAddress (address: string): string {
  const plain = plainAddress(address.toLowerCase())
  return isIPv6(plain) ? normalizeHost(plain)?.slice(1, -1) ?? plain : plain
}
