// Which tunnels are open? The register behind `fastify.tunnels`, which can also close them.
import type { OpenTunnel, TunnelFilter, TunnelsFact } from '@fastify-arr/facts'
import { InvalidClose } from '../../errors.ts'
import { type Place, Roster } from '../../sockets/roster.ts'
import { isSendable } from '../frames/close-frame.ts'
import type { Tunnel } from '../tunnel.ts'
import { checkFilter, matches } from './filter.ts'
import { type Link, TunnelIndex } from './tunnel-index.ts'

/** A tunnel's places in the register. */
export interface Registration {
  readonly place: Place<Tunnel>
  readonly id: Link
  readonly server: Link
  readonly site: Link | null
  readonly key: Link | null
}

/** Whoever has handshakes under way: a proxy. */
export interface Doorkeeper {
  /** Refuses the handshakes that the filter means, and returns how many there were. */
  refuse (filter: TunnelFilter): number
}

/** The open tunnels of a server: iterable, with their number in `size`. */
export class OpenTunnels implements TunnelsFact {
  readonly #tunnels = new Roster<Tunnel>()
  readonly #ids = new TunnelIndex()
  readonly #servers = new TunnelIndex()
  readonly #sites = new TunnelIndex()
  readonly #keys = new TunnelIndex()
  readonly #doorkeepers: Doorkeeper[] = []

  get size (): number {
    return this.#tunnels.size
  }

  /** How many names the indexes have: 0 where no tunnel is open. @internal */
  get names (): number {
    return this.#ids.size + this.#servers.size + this.#sites.size + this.#keys.size
  }

  /** @internal */
  join (doorkeeper: Doorkeeper): void {
    this.#doorkeepers.push(doorkeeper)
  }

  /** @internal */
  add (tunnel: Tunnel): Registration {
    const { site, upstream, key } = tunnel.opening
    return {
      place: this.#tunnels.add(tunnel),
      id: this.#ids.add(tunnel.id, tunnel),
      server: this.#servers.add(upstream, tunnel),
      site: site === null ? null : this.#sites.add(site, tunnel),
      key: key === null ? null : this.#keys.add(key, tunnel)
    }
  }

  /** @internal */
  strike ({ place, id, server, site, key }: Registration): void {
    this.#tunnels.strike(place)
    this.#ids.strike(id)
    this.#servers.strike(server)
    if (site !== null) this.#sites.strike(site)
    if (key !== null) this.#keys.strike(key)
  }

  [Symbol.iterator] (): Generator<OpenTunnel> {
    return views(this.#tunnels.members())
  }

  /** The tunnel with this id, or undefined. */
  get (id: string): OpenTunnel | undefined {
    const tunnel = this.#ids.get(id)
    return tunnel === undefined ? undefined : view(tunnel)
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
    const { key, server, site } = filter
    // A user has the fewest, a site often all.
    const most = key !== undefined
      ? this.#keys.of(key)
      : server !== undefined ? this.#servers.of(server) : site !== undefined ? this.#sites.of(site) : this.#tunnels.members()
    return most.filter(({ opening }) => matches(filter, { site: opening.site, server: opening.upstream, key: opening.key }))
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
    }
  }
}
