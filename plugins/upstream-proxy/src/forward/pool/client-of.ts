// What counts as one client? An IPv4 address, or an IPv6 /64 network, which is what one customer usually has.
import type { FastifyRequest } from 'fastify'

/** The client by the address that Fastify's `trustProxy` determines; null for the client of a unix socket. */
export function clientOf (request: FastifyRequest): string | null {
  return networkOf(request.ip)
}

/** The first half of an IPv6 address; an IPv4 address unchanged; null where there is none. */
export function networkOf (address: string | undefined): string | null {
  if (address === undefined) return null
  if (address.startsWith('::ffff:')) return address.slice(7)
  if (!address.includes(':')) return address
  const groups = address.split(':')
  const gap = groups.indexOf('')
  if (gap !== -1) groups.splice(gap, 0, ...Array<string>(Math.max(0, 8 - groups.length)).fill(''))
  return groups.slice(0, 4).map(group => Number.parseInt(group || '0', 16).toString(16)).join(':')
}
