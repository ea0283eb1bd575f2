// What does the span of an attempt say of its server?
import type { Attributes } from '@opentelemetry/api'

// More servers than these are split anew each time.
const MOST = 256
const known = new Map<string, Attributes>()

/** The address and port of an origin such as `http://localhost:8080`. */
export function serverAttributes (origin: string): Attributes {
  let attributes = known.get(origin)
  if (attributes === undefined) {
    attributes = split(origin)
    if (known.size < MOST) known.set(origin, attributes)
  }
  return attributes
}

function split (origin: string): Attributes {
  if (origin.startsWith('unix://')) return { 'server.address': decodeURIComponent(origin.slice('unix://'.length)), 'network.transport': 'unix' }
  if (!URL.canParse(origin)) return { 'server.address': origin }
  const { protocol, hostname, port } = new URL(origin)
  return {
    'server.address': hostname.replace(/^\[|\]$/g, ''),
    'server.port': port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port)
  }
}

/** Adds the two parts of `address:port` or `[address]:port`; nothing for a unix socket. */
export function addPeer (attributes: Attributes, remote: string | null): void {
  const colon = remote?.lastIndexOf(':') ?? -1
  if (remote === null || colon === -1) return
  attributes['network.peer.address'] = remote.slice(0, colon).replace(/^\[|\]$/g, '')
  attributes['network.peer.port'] = Number(remote.slice(colon + 1))
}
