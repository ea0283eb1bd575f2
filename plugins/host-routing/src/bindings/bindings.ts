// What are the bindings of a site? Its hosts, IIS's notation and the option objects, read into one form.

import { isIP } from 'node:net'
import type { SiteBinding } from '@fastify-arr/facts'
import { normalizeAddress } from '../host/address.ts'
import type { BindingOptions, SiteOptions } from '../options.ts'
import { describeHostMistake, normalizePattern } from './host-pattern.ts'
import { parseIISBinding } from './iis-notation.ts'

/**
 * Reads all bindings of a site.
 *
 * @param mistake is told each mistake, as the end of a sentence about this site.
 */
export function parseBindings (site: SiteOptions, mistake: (text: string) => void): SiteBinding[] {
  const parsed: SiteBinding[] = []
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

function list <T> (value: readonly T[] | undefined, name: string, mistake: (text: string) => void): readonly T[] {
  if (value === undefined) return []
  if (Array.isArray(value)) return value
  mistake(`${name} must be a list`)
  return []
}
