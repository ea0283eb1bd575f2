// Which clients does a rule name? IP addresses and networks.
import { BlockList, isIP } from 'node:net'

const NETWORK = /^([^/]+)\/(\d{1,3})$/

/** Adds an address or a network; false where it is none. */
export function addNetwork (list: BlockList, text: string): boolean {
  const [, base, bits] = NETWORK.exec(text) ?? [text, text]
  const family = isIP(base as string)
  if (family === 0 || (base as string).includes('%')) return false
  const kind = family === 4 ? 'ipv4' : 'ipv6'
  if (bits === undefined) list.addAddress(base as string, kind)
  else if (Number(bits) <= (family === 4 ? 32 : 128)) list.addSubnet(base as string, Number(bits), kind)
  else return false
  return true
}

/** Whether a client's address is in the list. An IPv4-mapped IPv6 address is the IPv4 address. */
export function isIn (list: BlockList, address: string): boolean {
  const plain = address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address
  const family = isIP(plain)
  return family !== 0 && list.check(plain, family === 4 ? 'ipv4' : 'ipv6')
}
