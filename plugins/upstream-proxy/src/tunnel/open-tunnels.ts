// Which tunnels are open? What `fastify.tunnels` shows, and who may end them.
import { InvalidClose } from '../errors.ts'
import { type Place, Roster } from '../sockets/roster.ts'
import type { Flow } from '../upstream.ts'
import { isSendable } from './options.ts'
import type { Tunnel } from './tunnel.ts'

/** One open tunnel, as it is at the moment of reading. */
export interface OpenTunnel {
  readonly id: string
  /** The site it came in by, or null where there are no sites. */
  readonly site: string | null
  /** The origin at its other end. */
  readonly upstream: string
  /** When it opened, ms since the epoch. */
  readonly since: number
  /** ms since the epoch; any frame counts, pings too. */
  readonly lastActivity: number
  readonly remoteAddress: string
  /** Client to upstream. */
  readonly received: Readonly<Flow>
  /** Upstream to client. */
  readonly sent: Readonly<Flow>
  /** Says goodbye to both sides with a Close frame. What has not ended by the half-close timeout is cut. Defaults to 1000 without a reason. */
  close (code?: number, reason?: string): void
}

/** The open tunnels of a server: iterable, with their number in `size`. */
export class OpenTunnels implements Iterable<OpenTunnel> {
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
    since: fact.openedAt,
    lastActivity: fact.lastActivity,
    remoteAddress: opening.remoteAddress,
    received: { ...fact.received },
    sent: { ...fact.sent },
    close (code = 1000, reason = '') {
      if (!isSendable(code)) throw new InvalidClose(code)
      tunnel.close(code, reason)
    }
  }
}
