// What does this binding say? IIS's notation and the option objects, read into one form, with every mistake told.

import { isIP } from 'node:net'
import { normalizeAddress, normalizeHost } from './host.ts'
import type { BindingOptions, Protocol, SiteOptions } from './site.ts'

/** A binding in its one normal form: null means any. */
export interface ParsedBinding {
  readonly protocol: Protocol | null
  /** `name`, `*.suffix` or `*`. */
  readonly host: string
  readonly port: number | null
  readonly address: string | null
}

// `protocol/IP:port:host`, as `appcmd` prints it; the IP may be an IPv6 address in brackets.
const IIS_BINDING = /^(?:([a-z]+)\/)?(\*|\[[0-9a-f:.]+(?:%\w+)?\]|[0-9.]+|):(\d*|\*):(.*)$/i

/**
 * Reads all bindings of a site.
 *
 * @param mistake is told each mistake, as the end of a sentence about this site.
 */
export function parseBindings (site: SiteOptions, mistake: (text: string) => void): ParsedBinding[] {
  const parsed: ParsedBinding[] = []
  for (const host of list(site.hosts, 'hosts', mistake)) add({ host: host as string }, () => `host ${JSON.stringify(host)}`)
  for (const binding of list(site.bindings, 'bindings', mistake)) {
    const name = (): string => `binding ${JSON.stringify(binding)}`
    if (typeof binding !== 'string') {
      if (typeof binding !== 'object' || binding === null) mistake(`${name()} is neither an object nor a text like 'http/*:80:example.com'`)
      else add(binding, name)
      continue
    }
    const iis = parseIISBinding(binding)
    if (iis === null) mistake(`${name()} is not written as 'http/*:80:example.com' (protocol/IP:port:host)`)
    else add(iis, name)
  }
  if (parsed.length === 0 && site.hosts === undefined && site.bindings === undefined) mistake('has neither hosts nor bindings')
  return parsed

  function add ({ protocol, host = '*', port, address }: BindingOptions, name: () => string): void {
    const pattern = normalizePattern(host)
    if (pattern === null) mistake(`${name()}: ${describeHostMistake(host)}`)
    else if (protocol !== undefined && protocol !== 'http' && protocol !== 'https') mistake(`${name()}: protocol must be 'http' or 'https'`)
    else if (port !== undefined && !(Number.isInteger(port) && port > 0 && port <= 65535)) mistake(`${name()}: port must be a whole number from 1 to 65535`)
    else if (address !== undefined && isIP(address) === 0) mistake(`${name()}: address must be an IP address`)
    else parsed.push({ protocol: protocol ?? null, host: pattern, port: port ?? null, address: address === undefined ? null : normalizeAddress(address) })
  }
}

/** Reads `http/*:80:example.com` or `*:80:example.com`; null where it is not written so. */
export function parseIISBinding (text: string): BindingOptions | null {
  const match = IIS_BINDING.exec(text.trim())
  if (match === null) return null
  const [, protocol, ip, port, host] = match as unknown as [string, string | undefined, string, string, string]
  return {
    ...(protocol !== undefined && { protocol: protocol.toLowerCase() as Protocol }),
    ...(ip !== '*' && ip !== '' && { address: ip.replace(/^\[|\]$/g, '') }),
    ...(port !== '' && port !== '*' && { port: Number(port) }),
    host
  }
}

// `*` and the empty text are every host; a wildcard stands for left-most labels only, as in IIS 10.
function normalizePattern (host: unknown): string | null {
  if (typeof host !== 'string') return null
  if (host === '' || host === '*') return '*'
  if (!host.startsWith('*.')) return normalizeHost(host)
  const suffix = normalizeHost(host.slice(2))
  return suffix === null || suffix.startsWith('[') ? null : `*.${suffix}`
}

function describeHostMistake (host: unknown): string {
  if (typeof host !== 'string') return 'a host must be a text'
  if (host.includes('*')) return "a wildcard stands alone ('*') or for the left-most label ('*.example.com')"
  if (/:\d+$/.test(host) || host.includes('://')) return 'a host carries neither port nor scheme: those belong in a binding'
  return 'this is no host name'
}

function list <T> (value: readonly T[] | undefined, name: string, mistake: (text: string) => void): readonly T[] {
  if (value === undefined) return []
  if (Array.isArray(value)) return value
  mistake(`${name} must be a list`)
  return []
}
