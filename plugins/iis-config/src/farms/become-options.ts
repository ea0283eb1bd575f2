// What do the farms of a file become? Options of server-farm, and of upstream-proxy for each of them.
import type { ServerFarmOptions } from '../config/farm-options.ts'
import type { FarmProxyOptions } from '../config/proxy-options.ts'
import type { Farm } from './farm.ts'

/** The options of server-farm; undefined where no farm has a server. */
export function serverFarmOptions (farms: readonly Farm[]): ServerFarmOptions | undefined {
  const all = farms.flatMap(({ options }) => options ?? [])
  return all.length === 0 ? undefined : { farms: all }
}

/** The proxy's options for each farm that is used; undefined where none is. */
export function farmProxies (farms: readonly Farm[]): Record<string, FarmProxyOptions> | undefined {
  const used = farms.filter(({ enabled, options }) => enabled && options !== null)
  return used.length === 0 ? undefined : Object.fromEntries(used.map(({ host, proxy }) => [host, proxy]))
}
