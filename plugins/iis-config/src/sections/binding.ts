// A `<binding>` of a site becomes a binding of host-routing and a listener for its port.
import { isIP, isIPv4 } from 'node:net'
import type { ListenerOptions } from '../config/plugin-options.ts'
import type { Reading } from '../reading/reading.ts'
import type { XmlElement } from '../xml/element.ts'
import { exportAdvice } from './certificate.ts'

/** A binding that was read. */
export interface ReadBinding {
  readonly element: XmlElement
  /** The form that host-routing takes: `https/*:443:example.com`. */
  readonly text: string
  readonly protocol: 'http' | 'https'
  readonly host: string
  readonly sni: boolean
  readonly listener: ListenerOptions
}

/** The bits of `sslFlags`; those above 4 need IIS 10, version 1809 or later. */
const SNI = 1
const CENTRAL_STORE = 2
const NO_HTTP2 = 4
const NO_TLS13 = 32
const KNOWN = 127

/** What the other protocols of IIS are. None of them is HTTP, and no request of a browser uses them. */
const OTHERS: Readonly<Record<string, string>> = {
  'net.tcp': 'WCF over TCP, which Windows hands to a .NET service: it is not HTTP, and no HTTP request is lost with it',
  'net.pipe': 'WCF over a named pipe, for programs on the same machine: it is not HTTP, and no HTTP request is lost with it',
  'net.msmq': 'WCF over message queues: it is not HTTP, and no HTTP request is lost with it',
  'msmq.formatname': 'messages of a queue for a .NET service: it is not HTTP, and no HTTP request is lost with it',
  ftp: 'the FTP server of IIS: it is not HTTP, and no HTTP request is lost with it'
}

const HOST = /^(?:\*|\[[\da-f:.]+\]|(?:\*\.)?[^\s*:/.]+(?:\.[^\s*:/.]+)*\.?)?$/i

/** Reads a binding; null for another protocol than HTTP, and for an address, port or host that is invalid. */
export function readBinding (reading: Reading, element: XmlElement): ReadBinding | null {
  const protocol = reading.required(element, 'protocol').toLowerCase()
  const information = reading.required(element, 'bindingInformation')
  if (protocol !== 'http' && protocol !== 'https') {
    const other = Object.hasOwn(OTHERS, protocol) ? OTHERS[protocol] : undefined
    if (other !== undefined) reading.losesAll(element, other, 'leave it with the server that has it, or move it for itself')
    else reading.losesAll(element, `bindings of ${protocol || 'no protocol'} are not supported: only http and https`)
    return null
  }
  const [, address = '', port = '', host = ''] = /^(\*|\[[\da-f:.]+\]|[\d.]*):(\d+):(.*)$/i.exec(information.trim()) ?? []
  const ip = address.replace(/^\[|\]$/g, '')
  if (port === '' || Number(port) < 1 || Number(port) > 65535 || (ip !== '' && ip !== '*' && isIP(ip) === 0)) {
    reading.problem(element.attributes.get('bindingInformation') ?? element, `bindingInformation="${information}" is not IP:port:host, such as *:80:example.com`)
    return null
  }
  if (!HOST.test(host) || host.length > 253) {
    reading.problem(element.attributes.get('bindingInformation') ?? element, `"${host}" is no name of a host; * stands alone, or for what is before the first dot`)
    return null
  }
  const flags = protocol === 'https' ? reading.integer(element, 'sslFlags') ?? 0 : noFlags(reading, element)
  if ((flags & CENTRAL_STORE) !== 0) {
    reading.loses(element.attributes.get('sslFlags'), 'there is no central certificate store', 'give listeners the certificates in its option certificate')
  }
  if ((flags & ~KNOWN) !== 0) reading.loses(element.attributes.get('sslFlags'), `the flag ${flags & ~KNOWN} is not known here`)
  for (const name of ['certificateHash', 'certificateStoreName']) {
    const attribute = reading.attribute(element, name)
    if (attribute !== undefined) reading.usedWith(attribute, 'where the certificate is in the store of Windows')
  }
  if (protocol === 'https') reading.differs(element, 'the certificate is in the store of Windows, and not in this file', exportAdvice(element, host))
  return {
    element,
    text: `${protocol}/${address === '' ? '*' : address}:${port}:${host}`,
    protocol,
    host: host.toLowerCase(),
    sni: (flags & SNI) !== 0,
    listener: {
      port: Number(port),
      host: ip === '' ? '*' : ip,
      ...protocol === 'https' && { https: (flags & NO_TLS13) !== 0 ? { tls: { maxVersion: 'TLSv1.2' } } : true },
      ...(flags & NO_HTTP2) !== 0 && { http2: false }
    }
  }
}

/** `sslFlags` of an http binding, which have no effect. */
function noFlags (reading: Reading, element: XmlElement): number {
  const flags = reading.attribute(element, 'sslFlags')
  if (flags?.value === '0') reading.used(flags)
  else reading.differs(flags, 'has no effect on http, in IIS as well')
  return 0
}

/** One listener for each address and port; one for all addresses where a binding of the port is for all, since it would occupy the others. */
export function listenersOf (reading: Reading, bindings: readonly ReadBinding[]): ListenerOptions[] {
  const ports = new Map<string, ReadBinding[]>()
  for (const binding of bindings) {
    const key = `${binding.protocol} port ${binding.listener.port}`
    ports.set(key, [...ports.get(key) ?? [], binding])
  }
  return [...ports.values()].flatMap(group => {
    const all = [...new Set(group.map(({ listener }) => listener.host))]
    const hosts = all.filter(host => !all.some(other => covers(other, host)))
    // The default name of a listener is its port; several listeners of one port need names.
    return hosts.map(host => {
      const listener = joined(reading, group.filter(one => one.listener.host === host || covers(host, one.listener.host)), host)
      return hosts.length === 1 ? listener : { name: `${group[0]?.protocol ?? ''} ${host} port ${listener.port}`, ...listener }
    })
  })
}

/** Whether a listener on `address` also takes the connections to `other`. */
function covers (address: string, other: string): boolean {
  if (address === other || other === '*') return false
  return address === '*' || address === '::' || (address === '0.0.0.0' && isIPv4(other))
}

/** The listener for several bindings: what the flags of one binding switch off is off for all. */
function joined (reading: Reading, bindings: readonly ReadBinding[], host: string): ListenerOptions {
  const listener: ListenerOptions = { ...(bindings[0] as ReadBinding).listener, host }
  for (const { listener: own } of bindings) {
    if (own.http2 === false) listener.http2 = false
    if (typeof own.https === 'object') listener.https = own.https
  }
  for (const { element, listener: own } of bindings) {
    if (own.http2 !== listener.http2 || typeof own.https !== typeof listener.https) {
      reading.differs(element, 'what sslFlags of another binding of this port switches off is off here as well')
    }
  }
  return listener
}
