// What does one farm's part of the options come to?
import { compileAffinity } from '../affinity/compile-affinity.ts'
import { compileHash } from '../choosing/hash-source.ts'
import { compileDns } from '../discovery/compile-dns.ts'
import { compileHealth } from '../health/compile-health.ts'
import type { DnsOptions, FarmOptions } from '../options.ts'
import { compileGoodbye, compileRebalance, compileRetry } from './compile-behaviour.ts'
import { compileServers, compileServerTemplate } from './compile-servers.ts'
import { isObject, Reading } from './reading.ts'
import type { AlgorithmName, FarmSettings } from './settings.ts'

const KNOWN = ['name', 'enabled', 'servers', 'algorithm', 'hash', 'affinity', 'health', 'liveTraffic', 'retry', 'limits', 'slowStart', 'goodbye', 'onUnhealthy',
  'rebalance', 'minServers', 'whenAllDown'] as const satisfies ReadonlyArray<keyof FarmOptions>

/** ARR's names for what IIS itself no longer tells apart. */
const ALIASES: Readonly<Record<string, AlgorithmName>> = { leastRequests: 'leastLoad', weightedTotalTraffic: 'weightedRoundRobin' }
const ALGORITHMS: ReadonlyArray<AlgorithmName | 'leastRequests' | 'weightedTotalTraffic'> =
  ['leastLoad', 'weightedRoundRobin', 'leastTunnels', 'leastResponseTime', 'powerOfTwoChoices', 'random', 'requestHash', 'leastRequests', 'weightedTotalTraffic']
// What a URL's host may consist of, and `_`, which WHATWG's URL takes as well.
const NAME = /^[a-z0-9._-]{1,253}$/i

export function compileFarm (options: FarmOptions, place: string, mistakes: string[]): FarmSettings {
  const read = new Reading(options, place, KNOWN, mistakes)
  const { name, servers } = options
  if (typeof name !== 'string' || !NAME.test(name)) read.wrong('name', 'a name of letters, digits, dots, hyphens and underscores')
  if (![undefined, true, false].includes(options.enabled)) read.wrong('enabled', 'true or false')

  const limits = read.object('limits', ['tunnels', 'handshakes', 'wait', 'waiting'])
  const serverLimits = { tunnels: limits?.whole('tunnels', 0) ?? 0, handshakes: limits?.whole('handshakes', 0) ?? 0 }
  const byDns = isObject(servers)
  const word = read.oneOf('algorithm', 'leastLoad', ALGORITHMS)
  const algorithm = ALIASES[word] ?? word as AlgorithmName
  const hash = compileHash(read, algorithm === 'requestHash')
  const affinity = compileAffinity(read)
  const rebalance = compileRebalance(read, affinity !== null ? 'affinity' : algorithm === 'requestHash' ? 'algorithm' : null)
  if (byDns) compileServerTemplate(servers as DnsOptions, read.at('servers'), mistakes)
  return {
    name: typeof name === 'string' ? name : '',
    servers: byDns ? [] : compileServers(servers as Exclude<FarmOptions['servers'], DnsOptions>, serverLimits, read.at('servers'), mistakes),
    dns: byDns ? compileDns(servers as DnsOptions, read.at('servers'), mistakes) : null,
    dnsText: byDns ? JSON.stringify(servers) : '',
    serverLimits,
    algorithm,
    hash,
    affinity,
    health: compileHealth(options, place, mistakes),
    healthText: JSON.stringify([options.health, options.liveTraffic]),
    retry: compileRetry(read),
    wait: limits?.time('wait', 2000) ?? 2000,
    waiting: limits?.whole('waiting', 10_000) ?? 10_000,
    slowStart: read.time('slowStart', 0),
    goodbye: compileGoodbye(read),
    onUnhealthy: read.oneOf('onUnhealthy', 'keep', ['keep', 'close']),
    rebalance,
    minServers: read.whole('minServers', 0),
    whenAllDown: read.oneOf('whenAllDown', 'all', ['all', 'none'])
  }
}
