// Is an address on a list? Addresses and networks from the options, compiled into a predicate.

import { BlockList, isIP } from 'node:net'

/** Compiles addresses and networks (`10.0.0.0/8`) into a predicate; null where an entry is neither. */
export function compileAddresses (list: readonly string[]): ((address: string | undefined) => boolean) | null {
  const block = new BlockList()
  for (const entry of list) {
    const [address = '', prefix] = entry.split('/')
    const family = isIP(address)
    if (family === 0 || (prefix !== undefined && !(/^\d{1,3}$/.test(prefix) && Number(prefix) <= (family === 4 ? 32 : 128)))) return null
    if (prefix === undefined) block.addAddress(address, family === 4 ? 'ipv4' : 'ipv6')
    else block.addSubnet(address, Number(prefix), family === 4 ? 'ipv4' : 'ipv6')
  }
  // An IPv4 connection on a dual-stack socket has the address ::ffff:a.b.c.d, which BlockList treats as equal.
  return address => address !== undefined && block.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')
}
