// Which WebSockets of this server have ended, and how? The last 2,000, told on a channel at the end of each.
//
// A record has about 300 bytes, its texts included where they are not shared: all of them less than 1 MiB.
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { CHANNELS, type RequestFacts, type Told, type TunnelMessage } from '@fastify-arr/facts'
import type { FastifyRequest } from 'fastify'
import type { EndedWebSocket } from '../../messages/index.ts'
import { addressOf } from '../../views/web-sockets/words.ts'
import { Ring } from './ring.ts'

/** What is looked for patterns in. */
export const MOST = 2_000

/** A WebSocket that is over. */
export interface Ended extends EndedWebSocket {
  readonly openedAt: number
  /** Whether a Close frame has passed, with or without a code. */
  readonly closed: boolean
  /** Whether its frames could be read to the end: what is counted by kind is true then. */
  readonly observed: boolean
  /** Messages of both sides. */
  readonly messages: number
  /** Pings of both sides. */
  readonly pings: number
}

export class EndedWebSockets {
  readonly #ring = new Ring<Ended>(MOST)
  readonly #includes: (request: FastifyRequest) => boolean
  readonly #now: () => number
  readonly #onClose = (message: unknown): void => { this.#add(message as TunnelMessage) }

  /** The channel tells of the tunnels of all servers of the process: `includes` says which are meant. */
  constructor (includes: (request: FastifyRequest) => boolean, now: () => number = Date.now) {
    this.#includes = includes
    this.#now = now
    subscribe(CHANNELS.tunnelClose, this.#onClose)
  }

  /** As `Ring.after`. */
  after (seen: number, most: number): { readonly items: Ended[], readonly seen: number } {
    return this.#ring.after(seen, most)
  }

  all (): Ended[] {
    return this.#ring.all()
  }

  end (): void {
    unsubscribe(CHANNELS.tunnelClose, this.#onClose)
    this.#ring.clear()
  }

  #add ({ request, tunnel }: TunnelMessage): void {
    if (tunnel.protocol !== 'websocket' || !this.#includes(request)) return
    const { site, upstream } = request as Told<RequestFacts>
    const at = this.#now()
    const { received, sent } = tunnel
    this.#ring.add({
      id: tunnel.id,
      at,
      life: Math.max(0, at - tunnel.openedAt),
      silence: Math.max(0, at - tunnel.lastActivity),
      client: addressOf(request),
      site: site?.name ?? null,
      upstream: upstream?.server ?? '',
      closedBy: tunnel.closedBy,
      closeCode: tunnel.closeCode,
      ending: tunnel.ending,
      limit: tunnel.limit,
      openedAt: tunnel.openedAt,
      closed: tunnel.closeReason !== null,
      observed: tunnel.observed,
      messages: received.messages + sent.messages,
      pings: received.pings + sent.pings
    })
  }
}
