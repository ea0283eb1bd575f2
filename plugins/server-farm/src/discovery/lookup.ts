// Which servers does DNS name now, and for how long?
import type { Resolver } from 'node:dns/promises'
import type { ServerOptions } from '../options.ts'
import type { DnsSettings } from './dns-settings.ts'

/** What a lookup has found: at least one server. */
export interface Found {
  /** Each once, and always in the same order. */
  readonly servers: readonly ServerOptions[]
  /** How long that holds, in ms. */
  readonly holds: number
}

type Family = 'A' | 'AAAA'

/** The addresses of each family when it was last answered. */
export type Families = Map<Family, readonly string[]>

/** A DNS message has room for some thousands. */
const MOST_SERVERS = 1000

/** Node does not tell the time to live of SRV records, ms. */
const SRV_HOLDS = 10_000

/** What may be dialled; a record may hold any bytes. */
const HOST_NAME = /^(?!-)[\w-]+(?:\.[\w-]+)*$/

/** Answers that say that there is nothing; all others say nothing. */
const NOTHING: ReadonlySet<unknown> = new Set(['ENODATA', 'ENOTFOUND'])

/** Looks a name up once. Rejects where there is no server. `families` keeps what is known of one family while only the other is answered. */
export async function lookUp (settings: DnsSettings, resolver: Resolver, families: Families): Promise<Found> {
  const { type, name, server } = settings
  const { servers, holds } = type === 'SRV'
    ? { servers: await targets(settings, resolver), holds: SRV_HOLDS }
    : await addresses(type === 'addresses' ? ['A', 'AAAA'] : [type], name, server, resolver, families)
  const each = new Map(servers.map(server => [`${server.address} ${server.httpPort ?? ''}`, server]))
  const sorted = [...each].sort(([a], [b]) => a < b ? -1 : 1).slice(0, MOST_SERVERS).map(([, server]) => server)
  if (sorted.length === 0) throw Object.assign(new Error('no records'), { code: 'ENODATA' })
  return { servers: sorted, holds }
}

async function addresses (types: readonly Family[], name: string, server: DnsSettings['server'], resolver: Resolver, families: Families): Promise<Found> {
  const answers = await Promise.allSettled(types.map(type => ask(resolver, type, name)))
  if (answers.every(answer => answer.status === 'rejected')) {
    // An answer that is missing says more than one that there is nothing: the name may be there.
    const reasons = answers.map(answer => answer.reason as NodeJS.ErrnoException)
    throw reasons.find(({ code }) => !NOTHING.has(code)) ?? reasons[0] as NodeJS.ErrnoException
  }
  let holds = Infinity
  const found = answers.flatMap((answer, index) => {
    const type = types[index] as Family
    if (answer.status === 'fulfilled') {
      families.set(type, answer.value.map(({ address }) => address))
      holds = Math.min(holds, ...answer.value.map(({ ttl }) => ttl * 1000))
    } else if (NOTHING.has((answer.reason as NodeJS.ErrnoException).code)) families.delete(type)
    return families.get(type) ?? []
  })
  return { servers: found.map(address => ({ ...server, address })), holds }
}

/** The servers of the lowest priority that has any (RFC 2782). */
async function targets ({ name, server, resolvers }: DnsSettings, resolver: Resolver): Promise<ServerOptions[]> {
  // A target that is the root says that there is no such service: it is no host name either.
  const records = (await resolver.resolveSrv(name))
    .map(record => ({ ...record, name: record.name.replace(/\.$/, '').toLowerCase() }))
    .filter(({ name, port }) => HOST_NAME.test(name) && port > 0)
    .slice(0, MOST_SERVERS)
  for (const priority of [...new Set(records.map(({ priority }) => priority))].sort((a, b) => a - b)) {
    const group = records.filter(record => record.priority === priority)
    // Weights that are all 0 mean equal shares, as those do that are not there.
    const weighted = group.some(({ weight }) => weight > 0)
    const servers = await Promise.all(group.map(async ({ name, port, weight }) => {
      // Other name servers than the system's may know names that the system does not, which dialling would ask.
      const found = resolvers === null ? [name] : await addressesOf(resolver, name)
      return found.map((address): ServerOptions => ({ ...server, address, httpPort: port, httpsPort: port, ...weighted && { weight: Math.ceil(weight / found.length) } }))
    }))
    if (servers.some(found => found.length > 0)) return servers.flat()
  }
  return []
}

/** A target's addresses; its IPv6 ones where it has no others. None where it does not exist. */
async function addressesOf (resolver: Resolver, name: string): Promise<string[]> {
  for (const type of ['A', 'AAAA'] as const) {
    const found = await ask(resolver, type, name).catch((error: NodeJS.ErrnoException) => {
      if (NOTHING.has(error.code)) return []
      throw error
    })
    if (found.length > 0) return found.map(({ address }) => address)
  }
  return []
}

function ask (resolver: Resolver, type: Family, name: string): Promise<ReadonlyArray<{ address: string, ttl: number }>> {
  return type === 'A' ? resolver.resolve4(name, { ttl: true }) : resolver.resolve6(name, { ttl: true })
}
