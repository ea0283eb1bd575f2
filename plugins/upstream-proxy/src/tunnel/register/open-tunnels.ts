// Which tunnels are open? The register behind `fastify.tunnels`, which can also close them.
import type { OpenTunnel, TunnelFilter, TunnelsFact } from '@fastify-arr/facts'
import type { FastifyRequest } from 'fastify'
import { InvalidClose } from '../../errors.ts'
import { Roster } from '../../sockets/roster.ts'
import { isSendable } from '../frames/close-frame.ts'
import type { Tunnel } from '../tunnel.ts'
import { watchFromNowOn } from '../../onlookers/watch-later.ts'
import { checkFilter, matches } from './filter.ts'
import { IdTable, type Registration } from './id-table.ts'
import { TunnelIndex } from './tunnel-index.ts'

export type { Registration } from './id-table.ts'

/** Whoever has handshakes under way: a proxy. */
export interface Doorkeeper {
  /** Refuses the handshakes that the filter means, and returns how many there were. */
  refuse (filter: TunnelFilter): number
}

const TUNNELS = Symbol('the open tunnels of this server')

/** The open tunnels of a server: iterable, with their number in `size`. */
export class OpenTunnels implements TunnelsFact {
  /** Those of a server: proxies in all scopes share them, so that whoever revokes a key reaches every tunnel. @internal */
  static of (server: object & { [TUNNELS]?: OpenTunnels }): OpenTunnels {
    server[TUNNELS] ??= new OpenTunnels()
    return server[TUNNELS]
  }

  readonly #tunnels = new Roster<Tunnel>()
  readonly #ids = new IdTable()
  readonly #keys = new TunnelIndex()
  readonly #doorkeepers: Doorkeeper[] = []

  get size (): number {
    return this.#tunnels.size
  }

  /** How many names the indexes have: 0 where no tunnel is open. @internal */
  get names (): number {
    return this.#ids.size + this.#keys.size
  }

  /** @internal */
  join (doorkeeper: Doorkeeper): void {
    this.#doorkeepers.push(doorkeeper)
  }

  /** @internal */
  add (tunnel: Tunnel): Registration {
    const { id, opening: { key } } = tunnel
    const registration = { id, place: this.#tunnels.add(tunnel), key: key === null ? null : this.#keys.add(key, tunnel), next: null }
    this.#ids.add(registration)
    return registration
  }

  /** @internal */
  strike (registration: Registration): void {
    const { place, key } = registration
    if (place.at === -1) return
    this.#tunnels.strike(place)
    this.#ids.strike(registration)
    if (key !== null) this.#keys.strike(key)
  }

  [Symbol.iterator] (): Generator<OpenTunnel> {
    return views(this.#tunnels.members())
  }

  /** The tunnel with this id, or undefined. */
  get (id: string): OpenTunnel | undefined {
    const place = this.#ids.get(id)?.place
    return place === undefined ? undefined : view(place.member)
  }

  /** For whoever looks at many of them often: no snapshots are made. */
  requests (): FastifyRequest[] {
    return this.#tunnels.members().map(({ opening }) => opening.request)
  }

  /** The tunnels of a site, of a server or of a key; with an empty filter all of them. */
  of (filter: TunnelFilter): Iterable<OpenTunnel> {
    return views(this.#meant(filter))
  }

  /** Closes the tunnels of a site, of a server or of a key, and refuses their handshakes that are under way. Returns how many there were of both. */
  closeAll (filter: TunnelFilter, code = 1000, reason = ''): number {
    const tunnels = this.#meant(filter)
    if (!isSendable(code)) throw new InvalidClose(code)
    for (const tunnel of tunnels) tunnel.part('end', code, reason)
    return this.#doorkeepers.reduce((sum, doorkeeper) => sum + doorkeeper.refuse(filter), tunnels.length)
  }

  #meant (filter: TunnelFilter): Tunnel[] {
    checkFilter(filter)
    // Only a key means few of many: an index of sites and servers would cost each tunnel more than a walk over all costs now and then.
    const some = filter.key === undefined ? this.#tunnels.members() : this.#keys.of(filter.key)
    return some.filter(({ opening: { site, upstream, key } }) => matches(filter, { site, server: upstream, key }))
  }
}

function * views (tunnels: Tunnel[]): Generator<OpenTunnel> {
  for (const tunnel of tunnels) yield view(tunnel)
}

/** A snapshot of a tunnel, with which it can be closed. */
export function view (tunnel: Tunnel): OpenTunnel {
  const { fact, opening } = tunnel
  return {
    id: fact.id,
    request: opening.request,
    site: opening.site,
    upstream: opening.upstream,
    protocol: fact.protocol,
    since: fact.openedAt,
    lastActivity: fact.lastActivity,
    remoteAddress: opening.remoteAddress,
    key: opening.key,
    until: Number.isFinite(opening.until) ? opening.until : null,
    received: { ...fact.received },
    sent: { ...fact.sent },
    close (code = 1000, reason = '') {
      if (!isSendable(code)) throw new InvalidClose(code)
      tunnel.part('end', code, reason)
    },
    watch: watch => watchFromNowOn(tunnel, watch)
  }
}
