// What do the options say of servers that DNS knows? They are checked and compiled.
import { isIP, isIPv4, isIPv6 } from 'node:net'
import { unknownOptions } from '../known-options.ts'
import type { DnsOptions } from '../options.ts'
import type { DnsSettings } from './dns-settings.ts'

export type { DnsSettings } from './dns-settings.ts'

type Kind = readonly [isRight: (value: unknown) => boolean, kind: string]

/** A day. */
const LONGEST = 86_400_000
const MOST_RESOLVERS = 16

const TIME: Kind = [value => Number.isInteger(value) && (value as number) >= 10 && (value as number) <= LONGEST, `must be a whole number of ms from 10 to ${LONGEST}`]

// Records, so that a missing key is a compile error.
const KINDS: Readonly<Record<keyof DnsOptions, Kind>> = {
  dns: [isName, 'must be a full DNS name, such as chat.default.svc.cluster.local'],
  type: [value => ['A', 'AAAA', 'addresses', 'SRV'].includes(value as string), "must be 'A', 'AAAA', 'addresses' or 'SRV'"],
  server: [() => true, ''],
  resolvers: [value => Array.isArray(value) && value.length > 0 && value.length <= MOST_RESOLVERS && value.every(isResolver), `must be a list of 1 to ${MOST_RESOLVERS} IP addresses, each with or without a port: 10.0.0.2, 10.0.0.2:5353, [fd00::2]:5353`],
  minInterval: TIME,
  maxInterval: TIME
}
/**
 * The settings of lookups. Each mistake is pushed to `mistakes`; where there is one, the settings have no meaning. `place` is that of the options, such as
 * `farms[0].servers`. What `server` holds is checked where servers are.
 */
export function compileDns (options: DnsOptions, place: string, mistakes: string[]): DnsSettings {
  mistakes.push(...unknownOptions(options, Object.keys(KINDS)).map(text => `\`${place}\`: ${text}`))
  for (const [key, [isRight, kind]] of Object.entries(KINDS)) {
    const value = options[key as keyof DnsOptions]
    if ((value !== undefined || key === 'dns') && !isRight(value)) mistakes.push(`\`${place}.${key}\` ${kind}`)
  }
  const { dns, type = 'addresses', server = {}, resolvers = null } = options
  const { minInterval = Math.min(1000, options.maxInterval ?? 1000), maxInterval = Math.max(60_000, minInterval) } = options
  if (minInterval > maxInterval) mistakes.push(`\`${place}.minInterval\` must be at most \`maxInterval\``)
  return { name: dns, type, server, resolvers, minInterval, maxInterval }
}

/** A host name, of which labels may begin with an underscore (RFC 2782). */
function isName (value: unknown): boolean {
  return typeof value === 'string' && value.length <= 253 && isIP(value) === 0 && /^[\w-]{1,63}(?:\.[\w-]{1,63})*\.?$/.test(value)
}

/** Checked here, because a port of 0 or of more than 65535 is not refused by Node but ends the process. */
function isResolver (value: unknown): boolean {
  if (typeof value !== 'string') return false
  const [, bracketed, plain, port] = /^(?:\[([^[\]]*)\]|([^[\]:]*))(?::(\d{1,5}))?$/.exec(value) ?? []
  if (bracketed === undefined && plain === undefined) return isIPv6(value)
  if (port !== undefined && (Number(port) < 1 || Number(port) > 65_535)) return false
  return bracketed === undefined ? isIPv4(plain as string) : isIPv6(bracketed)
}
