// How much do the farms carry in all workers together, how often did which rule match, and which traces were written?
import type { FarmInfo, FarmServerInfo } from '@fastify-arr/facts'
import type { FarmsView, SitesView, TracesView } from '../../messages/index.ts'
import type { Latest } from './merge.ts'

/** The most traces, as of one worker. */
const MOST = 500

/** States and health as this worker knows them; what is open, and what is counted, of all. */
export function mergeFarms (latest: ReadonlyArray<Latest<FarmsView>>): FarmsView {
  const [own, ...others] = latest.map(({ part }) => part.farms)
  return { farms: (own ?? []).map(farm => addFarm(farm, others.flatMap(farms => farms.filter(({ name }) => name === farm.name)))) }
}

function addFarm (farm: FarmInfo, others: readonly FarmInfo[]): FarmInfo {
  const servers = farm.servers.map(server => addServer(server, others.flatMap(({ servers }) => servers.filter(({ name }) => name === server.name))))
  return { ...farm, waiting: sum([farm, ...others], ({ waiting }) => waiting), servers }
}

function addServer (server: FarmServerInfo, others: readonly FarmServerInfo[]): FarmServerInfo {
  const all = [server, ...others]
  const times = all.flatMap(({ responseTime }) => responseTime ?? [])
  return {
    ...server,
    requests: sum(all, ({ requests }) => requests),
    handshakes: sum(all, ({ handshakes }) => handshakes),
    tunnels: sum(all, ({ tunnels }) => tunnels),
    chosen: sum(all, ({ chosen }) => chosen),
    failed: sum(all, ({ failed }) => failed),
    // Each has its own mean of late; the slowest is what somebody waits for.
    responseTime: times.length === 0 ? null : Math.max(...times)
  }
}

/** All but the rules is the same in each worker. */
export function mergeSites (latest: ReadonlyArray<Latest<SitesView>>): SitesView | undefined {
  const [own] = latest
  if (own === undefined) return undefined
  const rules = new Map<string, SitesView['rules'][number]>()
  for (const { rule, matches, lastAt } of latest.flatMap(({ part }) => part.rules)) {
    const before = rules.get(rule)
    rules.set(rule, { rule, matches: matches + (before?.matches ?? 0), lastAt: Math.max(lastAt, before?.lastAt ?? 0) })
  }
  return { ...own.part, rules: [...rules.values()].sort((one, other) => other.matches - one.matches || (one.rule < other.rule ? -1 : 1)) }
}

/** The newest first. */
export function mergeTraces (latest: ReadonlyArray<Latest<TracesView>>): TracesView {
  return {
    rows: latest.flatMap(({ worker, part }) => part.rows.map(row => ({ ...row, worker }))).sort((one, other) => other.at - one.at).slice(0, MOST),
    written: sum(latest, ({ part }) => part.written),
    lost: sum(latest, ({ part }) => part.lost)
  }
}

function sum<One> (all: readonly One[], of: (one: One) => number): number {
  return all.reduce((total, one) => total + of(one), 0)
}
