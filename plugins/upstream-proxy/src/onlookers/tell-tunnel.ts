// What are onlookers told about a tunnel? That it is open, and then they may watch it; and that both its sockets have closed.
import { channel } from 'node:diagnostics_channel'
import { CHANNELS, type TunnelFact, type TunnelMessage, type TunnelOpened, type TunnelWatch } from '@fastify-arr/facts'
import type { FastifyRequest } from 'fastify'
import { view } from '../tunnel/register/open-tunnels.ts'
import type { Tunnel } from '../tunnel/tunnel.ts'
import { TunnelWatches } from './tunnel-watches.ts'

const OPEN = channel(CHANNELS.tunnelOpen)
const CLOSE = channel(CHANNELS.tunnelClose)

/** The tunnel is open, and nothing has passed yet. */
export function tunnelOpened (request: FastifyRequest, tunnel: Tunnel): void {
  if (!OPEN.hasSubscribers) return
  const watches: TunnelWatch[] = []
  let isPublished = false
  OPEN.publish({
    request,
    tunnel: tunnel.fact,
    open: view(tunnel),
    watch (watch) { if (!isPublished) watches.push(watch) }
  } satisfies TunnelOpened)
  isPublished = true
  if (watches.length === 0) return
  // Who has used the open tunnel's own `watch` meanwhile goes on, beside those that may want payloads.
  tunnel.watchedBy(new TunnelWatches([...watches, ...tunnel.watch?.all ?? []], request.log))
}

/** Both sockets have closed, and the fact is final. */
export function tunnelClosed (request: FastifyRequest, tunnel: TunnelFact): void {
  if (!CLOSE.hasSubscribers) return
  CLOSE.publish({ request, tunnel } satisfies TunnelMessage)
}
