// What is the upstream told about the client? X-Forwarded-For, -Host and -Proto, and Forwarded (RFC 7239).
// Fastify's `trustProxy` decides which peers are believed: what any other client claims is not passed on.
import type { FastifyRequest } from 'fastify'
import { checkKeys } from '../options/known-keys.ts'
import type { RawHeaders } from './raw-headers.ts'

/** What happens to a forwarding header: replaced by what the proxy knows, appended to what a trusted proxy sent, removed, or left as it came. */
export type ForwardingPolicy = 'set' | 'append' | 'remove' | 'keep'

/** The header policy as options. */
export interface ForwardingOptions {
  /** Defaults to `append`. */
  for?: ForwardingPolicy
  /** Defaults to `set`. */
  host?: Exclude<ForwardingPolicy, 'append'>
  /** Defaults to `set`. */
  proto?: Exclude<ForwardingPolicy, 'append'>
  /** Writes `address:port` into X-Forwarded-For, as IIS does; most applications cannot parse that. Defaults to false. */
  port?: boolean
  /** The header `Forwarded` of RFC 7239, which has all of it in one. Defaults to `remove`. */
  standard?: ForwardingPolicy
}

/** The options as they run. */
export interface ForwardingSettings extends Required<ForwardingOptions> {
  /** The lower-case names that are removed from the client's own headers. */
  readonly replaced: ReadonlySet<string>
}

const POLICIES: ReadonlySet<unknown> = new Set<ForwardingPolicy>(['set', 'append', 'remove', 'keep'])

const NAMES = {
  for: 'x-forwarded-for',
  host: 'x-forwarded-host',
  proto: 'x-forwarded-proto',
  standard: 'forwarded'
} as const

/** Compiles the options; mistakes in them are added to `mistakes`. */
export function compileForwarding (options: ForwardingOptions = {}, mistakes: string[]): ForwardingSettings {
  checkKeys('forwarded', options, ['for', 'host', 'proto', 'port', 'standard'], mistakes)
  const settings = { for: 'append', host: 'set', proto: 'set', port: false, standard: 'remove', ...options } as Required<ForwardingOptions>
  const replaced = new Set<string>()
  for (const key of ['for', 'host', 'proto', 'standard'] as const) {
    const policy: unknown = settings[key]
    const single = key === 'host' || key === 'proto'
    if (!POLICIES.has(policy) || (single && policy === 'append')) {
      mistakes.push(`\`forwarded.${key}\` must be ${single ? '' : 'append, '}set, remove or keep`)
    }
    if (policy !== 'keep') replaced.add(NAMES[key])
  }
  if (typeof settings.port !== 'boolean') mistakes.push('`forwarded.port` must be true or false')
  return { ...settings, replaced }
}

/** Adds the forwarding headers of a request. */
export function forwardingHeaders (request: FastifyRequest, settings: ForwardingSettings, out: RawHeaders): void {
  if (settings.for === 'set' || settings.for === 'append') {
    const all = forwardedFor(request, settings)
    if (all !== '') out.push('X-Forwarded-For', all)
  }
  // An HTTP/1.0 request may have no Host.
  if (settings.host === 'set' && request.host !== '') out.push('X-Forwarded-Host', request.host)
  if (settings.proto === 'set') out.push('X-Forwarded-Proto', request.protocol)
  if (settings.standard === 'set' || settings.standard === 'append') out.push('Forwarded', forwarded(request, settings))
}

/**
 * The addresses that the request passed, from the client on. Fastify lists the trusted ones, the nearest first.
 * A peer on a unix socket has no address, nor has a socket that has closed meanwhile.
 */
function addresses (request: FastifyRequest, policy: ForwardingPolicy): Array<string | undefined> {
  const { ips } = request
  if (ips === undefined || ips.length < 2) return [plain(request.raw.socket.remoteAddress ?? request.ip)]
  return policy === 'set' ? [plain(request.ip)] : ips.map(plain).reverse()
}

function forwardedFor (request: FastifyRequest, settings: ForwardingSettings): string {
  const all = addresses(request, settings.for).filter(address => address !== undefined)
  if (settings.port) {
    // Only the peer's own port is known; that of an address taken from a header is not.
    const { remoteAddress, remotePort } = request.raw.socket
    const last = all.at(-1)
    if (last !== undefined && plain(remoteAddress) === last) all[all.length - 1] = `${bracketed(last)}:${remotePort ?? 0}`
  }
  return all.length === 1 ? all[0] as string : all.join(', ')
}

function forwarded (request: FastifyRequest, settings: ForwardingSettings): string {
  // RFC 7239 §6.2
  const elements = addresses(request, settings.standard).map(address => `for=${address === undefined ? 'unknown' : quoted(bracketed(address))}`)
  const own = elements.pop() as string
  const host = request.host === '' ? '' : `;host=${quoted(request.host)}`
  return [...elements, `${own}${host};proto=${request.protocol}`].join(', ')
}

/** An IPv4-mapped address is written as the IPv4 address: dual-stack sockets report IPv4 clients in that form. */
function plain (address: string | undefined): string | undefined {
  return address?.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address
}

function bracketed (address: string): string {
  return address.includes(':') ? `[${address}]` : address
}

/** RFC 7239 §4: a token as it is, anything else (a port, an IPv6 address) as a quoted string. */
function quoted (value: string): string {
  return /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(value) ? value : `"${value.replace(/["\\]/g, '\\$&')}"`
}
