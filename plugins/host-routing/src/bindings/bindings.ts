// What are the bindings of a site? Its hosts, IIS's notation and the option objects, read into one form.

import { isIP } from 'node:net'
import type { SiteBinding } from '@fastify-arr/facts'
import { normalizeAddress } from '../host/address.ts'
import type { BindingOptions, SiteOptions } from '../options.ts'
import { describeHostMistake, normalizePattern } from './host-pattern.ts'
import { parseIISBinding } from './iis-notation.ts'

/** Is told each mistake: where in the site's options it is, such as `.bindings[0].port`, and the end of the sentence about it. */
export type Mistake = (at: string, text: string) => void

/** Reads all bindings of a site. */
export function parseBindings (site: SiteOptions, mistake: Mistake): SiteBinding[] {
  const parsed: SiteBinding[] = []
  for (const [index, host] of list(site.hosts, 'hosts', mistake).entries()) add({ host: host as string }, `.hosts[${index}]`)
  for (const [index, binding] of list(site.bindings, 'bindings', mistake).entries()) {
    const at = `.bindings[${index}]`
    if (typeof binding !== 'string') {
      if (typeof binding !== 'object' || binding === null) mistake(at, "must be an object or a text like 'http/*:80:example.com'")
      else add(binding, at)
      continue
    }
    const iis = parseIISBinding(binding)
    if (iis === null) mistake(at, `must be written as 'http/*:80:example.com' (protocol/IP:port:host), and is ${JSON.stringify(binding)}`)
    else add(iis, at, true)
  }
  if (parsed.length === 0 && site.hosts === undefined && site.bindings === undefined) mistake('', 'must have hosts or bindings')
  return parsed

  function add ({ protocol, host = '*', port, address }: BindingOptions, at: string, isText = false): void {
    const of = (key: string): string => isText || at.startsWith('.hosts') ? at : `${at}.${key}`
    const pattern = normalizePattern(host)
    if (pattern === null) mistake(of('host'), `is ${JSON.stringify(host)}: ${describeHostMistake(host)}`)
    else if (protocol !== undefined && protocol !== 'http' && protocol !== 'https') mistake(of('protocol'), `must have the protocol 'http' or 'https', not ${JSON.stringify(protocol)}`)
    else if (port !== undefined && !(Number.isInteger(port) && port > 0 && port <= 65535)) mistake(of('port'), `must have a whole number from 1 to 65535 as its port, not ${JSON.stringify(port)}`)
    else if (address !== undefined && isIP(address) === 0) mistake(of('address'), `must have an IP address, not ${JSON.stringify(address)}`)
    else parsed.push({ protocol: protocol ?? null, host: pattern, port: port ?? null, address: address === undefined ? null : normalizeAddress(address) })
  }
}

function list <T> (value: readonly T[] | undefined, name: string, mistake: Mistake): readonly T[] {
  if (value === undefined) return []
  if (Array.isArray(value)) return value
  mistake(`.${name}`, 'must be a list')
  return []
}
