// Which tunnels are open? The list behind `fastify.tunnels`, which can also close them.
import type { OpenTunnel, TunnelsFact } from '@fastify-arr/facts'
import { isWebSocket } from '../../dispatch/protocols.ts'
import { InvalidClose } from '../../errors.ts'
import { type Place, Roster } from '../../sockets/roster.ts'
import { isSendable } from '../options.ts'
import type { Tunnel } from '../tunnel.ts'

/** The open tunnels of a server: iterable, with their number in `size`. */
export class OpenTunnels implements TunnelsFact {
  readonly #tunnels = new Roster<Tunnel>()

  get size (): number {
    return this.#tunnels.size
  }

  /** @internal */
  add (tunnel: Tunnel): Place<Tunnel> {
    return this.#tunnels.add(tunnel)
  }

  /** @internal */
  strike (place: Place<Tunnel>): void {
    this.#tunnels.strike(place)
  }

  * [Symbol.iterator] (): Generator<OpenTunnel> {
    for (const tunnel of this.#tunnels.members()) yield view(tunnel)
  }

  /** The tunnel with this id, or undefined. */
  get (id: string): OpenTunnel | undefined {
    for (const tunnel of this.#tunnels.members()) if (tunnel.id === id) return view(tunnel)
    return undefined
  }
}

function view (tunnel: Tunnel): OpenTunnel {
  const { fact, opening } = tunnel
  return {
    id: fact.id,
    site: opening.site,
    upstream: opening.upstream,
    protocol: fact.protocol,
    since: fact.openedAt,
    lastActivity: fact.lastActivity,
    remoteAddress: opening.remoteAddress,
    received: { ...fact.received },
    sent: { ...fact.sent },
    close (code = 1000, reason = '') {
      if (!isSendable(code)) throw new InvalidClose(code)
      // No other protocol has a frame to say goodbye with.
      if (isWebSocket(fact.protocol)) tunnel.close(code, reason)
      else tunnel.destroy('proxy', 'end')
    }
  }
}
