// Which farm has no server left, and which server is out?
import type { FarmInfo, FarmServerInfo } from '@fastify-arr/facts'
import type { Finding } from '../../messages/index.ts'
import { found, since } from '../codes.ts'
import { filterOf } from '../sentence.ts'

const LOOK = 'Look at why the probes fail: the path, the status that they expect, and whether the application is up.'

export function farmFindings (farms: readonly FarmInfo[], now: number): Finding[] {
  return farms.flatMap(({ name, servers }) => {
    const out = servers.filter(({ healthy }) => !healthy)
    const list = servers.map(server => `${server.name} ${stateOf(server)}`).join('; ')
    if (!servers.some(({ healthy, state }) => healthy && state === 'available')) {
      return [found('FARM_DOWN', since(latest(servers, now)), `The farm ${name} has no server for a new client${list === '' ? '' : `: ${list}`}.`, out.length === 0 ? 'Set a server to `available`.' : LOOK, filterOf({ farm: name }))]
    }
    return out.map(server => found('SERVER_OUT', since(latest([server], now)), `The server ${server.name} of the farm ${name} ${stateOf(server)}.`, LOOK, filterOf({ farm: name, server: server.name })))
  })
}

function stateOf ({ healthy, why, state }: FarmServerInfo): string {
  return healthy ? `is ${state}` : `is not healthy${why === null ? '' : ` (${why})`}`
}

function latest (servers: readonly FarmServerInfo[], now: number): number {
  const probes = servers.flatMap(({ lastProbe }) => lastProbe === null || lastProbe === undefined ? [] : [lastProbe.at])
  return probes.length === 0 ? now : Math.max(...probes)
}
