// Which tunnels are open? The register behind `fastify.tunnels`, which can also close them.
import type { Socket } from 'node:net'
import type { HandOver, OpenTunnel, SendTunnel, TunnelCarrier, TunnelFilter, TunnelRecord, TunnelsFact } from '@fastify-arr/facts'
import type { FastifyRequest } from 'fastify'
import { InvalidClose, InvalidRecord } from '../../errors.ts'
import { handOver } from '../../hand-over/hand-over.ts'
import { findProxy, type ProxyPlace } from '../../hand-over/proxy-place.ts'
import { readRecord, type TunnelSockets, type TunnelState } from '../../hand-over/record.ts'
import { TunnelCarriers } from '../../hand-over/tunnel-carriers.ts'
import { Roster } from '../../sockets/roster.ts'
import { isSendable } from '../frames/close-frame.ts'
import type { Tunnel } from '../tunnel.ts'
import { watchFromNowOn } from '../../onlookers/watch-later.ts'
import { checkFilter, matches } from './filter.ts'
import { IdTable, type Registration } from './id-table.ts'
import { TunnelIndex } from './tunnel-index.ts'

export type { Registration } from './id-table.ts'

/** Whoever has handshakes under way, and takes tunnels: a proxy. */
export interface Doorkeeper {
  readonly proxy: ProxyPlace
  /** Takes a tunnel from another process. */
  adopt (state: TunnelState, carried: TunnelRecord['carried'], sockets: TunnelSockets): void
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
  /** What other processes have open, as far as limits need it. @internal */
  readonly elsewhere: Array<{ readonly places: number, of (key: string): number }> = []
  /** @internal */
  readonly carriers = new TunnelCarriers()

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

  /** The place of the next proxy with this prefix. @internal */
  placeFor (prefix: string): number {
    return new Set(this.#doorkeepers.filter(({ proxy }) => proxy.prefix === prefix).map(({ proxy }) => proxy.place)).size
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

  /** Moves the open tunnels that can move to another process. Resolves when each has moved or stays. */
  handOver (send: SendTunnel): Promise<HandOver> {
    return handOver(this.#tunnels.members(), this.carriers, send)
  }

  /** Takes a tunnel from another process. */
  adopt (record: TunnelRecord, client: Socket, upstream: Socket): void {
    const state = readRecord(record)
    const proxy = findProxy(this.#doorkeepers, state.proxy)
    if (proxy === undefined) throw new InvalidRecord(`is of a proxy that is not here: ${JSON.stringify(state.proxy)}`)
    if (this.#ids.get(record.id) !== undefined) throw new InvalidRecord('is of one that is open here')
    proxy.adopt(state, record.carried, { client, upstream })
  }

  /** Names someone whose own record of a tunnel moves with it. */
  carry (carrier: TunnelCarrier): void {
    this.carriers.add(carrier)
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
  const told: Omit<OpenTunnel, 'request'> = {
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
    },
    watch: watch => watchFromNowOn(tunnel, watch)
  }
  // A list of tunnels is plain data for JSON, as it was without it; a request is none.
  return Object.defineProperty(told as OpenTunnel, 'request', { value: opening.request })
}
