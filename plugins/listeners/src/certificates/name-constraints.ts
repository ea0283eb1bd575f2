// Which hosts does an authority permit? Its name constraints (RFC 5280 §4.2.1.10), searched in the certificate's DER bytes.

import { X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'

/**
 * Whether the authority's name constraints permit all hosts. In them a name is ASCII after the tag [2] and its length; an address is its
 * bytes and those of a full mask, after the tag [7] and their length.
 */
export function permits (cert: string, hosts: readonly string[]): boolean {
  const der = new X509Certificate(cert).raw
  const contains = (tag: number, value: Buffer): boolean => der.includes(Buffer.concat([Buffer.of(tag, value.length), value]))
  const permitsName = (name: string): boolean => name.split('.').some((_, index, labels) => contains(0x82, Buffer.from(labels.slice(index).join('.'))))
  return hosts.every(host => {
    if (isIP(host) === 0) return permitsName(host)
    const bytes = bytesOf(host)
    return contains(0x87, Buffer.concat([bytes, Buffer.alloc(bytes.length, 0xff)]))
  })
}

function bytesOf (address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split('.').map(Number))
  const [head = '', tail = ''] = address.split('::')
  const [before, after] = [head, tail].map(part => part === '' ? [] : part.split(':')) as [string[], string[]]
  const groups = [...before, ...Array.from({ length: 8 - before.length - after.length }, () => '0'), ...after]
  return Buffer.from(groups.map(group => group.padStart(4, '0')).join(''), 'hex')
}
