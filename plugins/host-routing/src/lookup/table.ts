// Which site owns this host, port and protocol? The table of sites, compiled once, looked up per request.

import type { Protocol, Site, SiteBinding, SiteInfo } from '@fastify-arr/facts'

/** What a look-up is asked: where a connection came in, and the host its request names. */
export interface Question {
  /** In the form that `parseHost` gives. */
  readonly host: string
  readonly protocol: Protocol
  /** The local port, or undefined where there is none (a unix socket, `inject`): then a binding's port is not asked for. */
  readonly port?: number | undefined
  /** The local IP address. */
  readonly address?: string | undefined
}

/** A site whose bindings are read. */
export type ParsedSite = Omit<SiteInfo, 'enabled'>

/** A compiled table of sites. Its look-up costs the labels of one host name, however many sites there are. */
export interface SiteTable {
  /** Exact host, then the longest wildcard, then the default site; among these an address, a port and a protocol that are named before those that are not. */
  find (question: Question): Site | null
  /** True where a binding names a port or an address; elsewhere a question without them has the same answer. */
  readonly namesEnds: boolean
}

/** The fact of one binding, for a request on http and for one on https. */
interface Entry {
  readonly http: Site
  readonly https: Site
}

/** The bindings of one host. Most have only the one that names nothing else, and need no maps. */
interface Slots {
  any: Entry | undefined
  named: NamedSlots | undefined
}

/** Bindings that name an address, a port or a protocol. Keys are `port * 4 + protocol`, 0 for any. */
interface NamedSlots {
  readonly byKey: Map<number, Entry>
  readonly byAddress: Map<string, Map<number, Entry>>
  /** For a question without a port: the first binding of each protocol. */
  readonly portless: Map<number, Entry>
}

const ANY = 0
const PROTOCOL_KEY = { http: 1, https: 2 } as const satisfies Record<Protocol, number>

/**
 * Compiles sites into a table.
 *
 * @param taken is told of each binding that two sites claim; the first keeps it.
 */
export function compileTable (sites: readonly ParsedSite[], taken: (binding: SiteBinding, owner: string, claimant: string) => void = () => {}): SiteTable {
  const exact = new Map<string, Slots>()
  const wildcards = new Map<string, Slots>()
  const everyHost = newSlots()

  for (const site of sites) {
    for (const binding of site.bindings) {
      const entry = newEntry(site, binding)
      const owner = put(slotsFor(binding.host), binding, entry)
      // Naming the same host twice within one site does no harm.
      if (owner.http.name !== site.name) taken(binding, owner.http.name, site.name)
    }
  }
  const wild = wildcards.size > 0
  const namesEnds = sites.some(site => site.bindings.some(({ port, address }) => port !== null || address !== null))

  return {
    namesEnds,
    find (question) {
      const named = exact.get(question.host)
      if (named !== undefined) {
        const entry = pick(named, question)
        if (entry !== undefined) return entry[question.protocol]
      }
      // `a.b.c` asks for `*.b.c`, then `*.c`: each dot once, the longest wildcard first. An IPv6 literal has no dots.
      if (wild) {
        for (let dot = question.host.indexOf('.'); dot !== -1; dot = question.host.indexOf('.', dot + 1)) {
          const slots = wildcards.get(question.host.slice(dot + 1))
          const entry = slots && pick(slots, question)
          if (entry !== undefined) return entry[question.protocol]
        }
      }
      return pick(everyHost, question)?.[question.protocol] ?? null
    }
  }

  function slotsFor (host: string): Slots {
    if (host === '*') return everyHost
    return host.startsWith('*.') ? upsert(wildcards, host.slice(2), newSlots) : upsert(exact, host, newSlots)
  }
}

/** Puts an entry in its slot unless that is taken; returns the entry that has the slot. */
function put (slots: Slots, { protocol, port, address }: SiteBinding, entry: Entry): Entry {
  if (protocol === null && port === null && address === null) return (slots.any ??= entry)
  const named = (slots.named ??= { byKey: new Map(), byAddress: new Map(), portless: new Map() })
  const keyed = address === null ? named.byKey : upsert(named.byAddress, address, () => new Map<number, Entry>())
  const protocolKey = protocol === null ? ANY : PROTOCOL_KEY[protocol]
  upsert(named.portless, protocolKey, () => entry)
  return upsert(keyed, (port ?? 0) * 4 + protocolKey, () => entry)
}

function pick ({ any, named }: Slots, { protocol, port, address }: Question): Entry | undefined {
  if (named === undefined) return any
  const key = PROTOCOL_KEY[protocol]
  if (port === undefined) return named.portless.get(key) ?? named.portless.get(ANY) ?? any
  const keyed = named.byAddress.size > 0 && address !== undefined ? named.byAddress.get(address) : undefined
  return (keyed && pickKey(keyed, port, key)) ?? pickKey(named.byKey, port, key) ?? any
}

function pickKey (keyed: Map<number, Entry>, port: number, protocol: number): Entry | undefined {
  return keyed.get(port * 4 + protocol) ?? keyed.get(port * 4) ?? keyed.get(protocol) ?? keyed.get(ANY)
}

function newSlots (): Slots {
  return { any: undefined, named: undefined }
}

// The facts are made once, when the table is compiled: a request allocates none.
function newEntry ({ name, id }: ParsedSite, { host, port }: SiteBinding): Entry {
  const fact = (protocol: Protocol): Site => Object.freeze({ name, id, binding: Object.freeze({ protocol, host, port }) })
  return { http: fact('http'), https: fact('https') }
}

function upsert <K, V> (map: Map<K, V>, key: K, make: () => V): V {
  const existing = map.get(key)
  if (existing !== undefined) return existing
  const made = make()
  map.set(key, made)
  return made
}
