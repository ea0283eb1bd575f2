// Which servers are meant, and what are they called?
import { isIPv6 } from 'node:net'
import type { FarmServerState } from '@fastify-arr/facts'
import type { DnsOptions, ServerOptions } from '../options.ts'
import { isObject, Reading } from './reading.ts'
import type { ServerLimits, ServerSettings } from './settings.ts'

const KNOWN = ['address', 'httpPort', 'httpsPort', 'weight', 'hostName', 'state', 'healthHost', 'healthPort', 'limits'] as const satisfies ReadonlyArray<keyof ServerOptions>
export const STATES: readonly FarmServerState[] = ['available', 'draining', 'unavailableGracefully', 'unavailableImmediately']
const HOST_NAME = /^(?!-)[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?$/i
// What may stand in a Host header (RFC 9110 §7.2), with a port or without.
const HOST_HEADER = /^(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i

/** Compiles servers. Two with one address are told apart by their ports. */
export function compileServers (servers: ReadonlyArray<string | ServerOptions>, limits: ServerLimits, place: string, mistakes: string[]): ServerSettings[] {
  if (!Array.isArray(servers)) {
    mistakes.push(`\`${place}\` must be a list of servers, or an object with \`dns\``)
    return []
  }
  const compiled: Array<Omit<ServerSettings, 'name'>> = []
  const addresses = new Map<string, number>()
  for (const [index, server] of (servers as readonly unknown[]).entries()) {
    const at = `${place}[${index}]`
    const options = typeof server === 'string' ? { address: server } : server
    if (!isObject(options)) {
      mistakes.push(`\`${at}\` must be an address or an object`)
      continue
    }
    const { address } = options as { address?: unknown }
    const bare = typeof address === 'string' ? address.replace(/^\[(.*)\]$/, '$1') : ''
    if (!isIPv6(bare) && !HOST_NAME.test(bare)) {
      mistakes.push(`\`${typeof server === 'string' ? at : `${at}.address`}\` must be a host name or an IP address; ports are \`httpPort\` and \`httpsPort\``)
    }
    compiled.push(compileServer(new Reading(options, at, KNOWN, mistakes), bare, limits))
    addresses.set(bare.toLowerCase(), (addresses.get(bare.toLowerCase()) ?? 0) + 1)
  }
  const names = new Set<string>()
  const ports = new Map<string, number>()
  const portOf = ({ address, httpPort }: Omit<ServerSettings, 'name'>): string => `${address.toLowerCase()} ${httpPort}`
  for (const server of compiled) ports.set(portOf(server), (ports.get(portOf(server)) ?? 0) + 1)
  return compiled.map(server => {
    const { address, httpPort, httpsPort } = server
    const bracketed = isIPv6(address) ? `[${address}]` : address
    const isSamePort = (ports.get(portOf(server)) ?? 0) > 1
    const name = addresses.get(address.toLowerCase()) === 1 ? address : `${bracketed}:${httpPort}${isSamePort ? `:${httpsPort}` : ''}`
    if (server.address !== '' && names.has(name.toLowerCase())) mistakes.push(`\`${place}\` must have ${name} once: it is there twice`)
    names.add(name.toLowerCase())
    return { name, ...server }
  })
}

/** Looks for mistakes in what holds for each server that DNS finds. */
export function compileServerTemplate (options: DnsOptions, place: string, mistakes: string[]): void {
  if (options.server === undefined) return
  if (isObject(options.server)) compileServer(new Reading(options.server, `${place}.server`, KNOWN.slice(1), mistakes), 'localhost', { tunnels: 0, handshakes: 0 })
  else mistakes.push(`\`${place}.server\` must be an object`)
}

function compileServer (read: Reading, address: string, limits: ServerLimits): Omit<ServerSettings, 'name'> {
  const own = read.object('limits', ['tunnels', 'handshakes'])
  const httpPort = read.whole('httpPort', 80, 1, 65535)
  const httpsPort = read.whole('httpsPort', 443, 1, 65535)
  const host = read.text('hostName')
  if (host !== null && !HOST_HEADER.test(host)) read.wrong('hostName', 'a host, with a port or without')
  const healthHost = read.text('healthHost')
  if (healthHost !== null && !isIPv6(healthHost) && !HOST_NAME.test(healthHost)) read.wrong('healthHost', 'a host name or an IP address')
  return {
    address,
    httpPort,
    httpsPort,
    http: originOf('http', address, httpPort),
    https: originOf('https', address, httpsPort),
    weight: read.whole('weight', 100, 0, 65535),
    host,
    state: read.oneOf('state', 'available', STATES),
    healthHost: healthHost ?? undefined,
    healthPort: read.get('healthPort') === undefined ? undefined : read.whole('healthPort', 80, 1, 65535),
    limits: { tunnels: own?.whole('tunnels', limits.tunnels) ?? limits.tunnels, handshakes: own?.whole('handshakes', limits.handshakes) ?? limits.handshakes }
  }
}

function originOf (scheme: string, address: string, port: number): string {
  const url = `${scheme}://${isIPv6(address) ? `[${address}]` : address}:${port}`
  return URL.canParse(url) ? new URL(url).origin : url
}
