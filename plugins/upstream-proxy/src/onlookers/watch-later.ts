// Who begins to watch a tunnel that is open already? It is told of whole frames, and gets no payloads: a part of a frame would be without its mask.
import type { TunnelWatch } from '@fastify-arr/facts'
import { isWebSocket } from '../dispatch/protocols.ts'
import type { Tunnel } from '../tunnel/tunnel.ts'
import { TunnelWatches } from './tunnel-watches.ts'

/** Watches a tunnel from now on; the function that is returned ends it. One that is over has nothing to tell. */
export function watchFromNowOn (tunnel: Tunnel, watch: Omit<TunnelWatch, 'payload'>): () => void {
  if (tunnel.isOver) return () => {}
  // One of its own for each call: the same watch may be given twice, and a `payload` that it has is not to be called.
  const quiet: TunnelWatch = {
    frame: (...told) => { watch.frame(...told) },
    close: (...told) => { watch.close(...told) },
    unreadable: side => { watch.unreadable(side) },
    ended: (...told) => { watch.ended(...told) }
  }
  if (tunnel.watch === null) tunnel.watchedBy(new TunnelWatches([quiet], tunnel.opening.request.log))
  else tunnel.watch.add(quiet)
  tellUnreadable(tunnel, quiet)
  return () => {
    // Not necessarily those that it was added to: while the opening is told, others may have taken it over.
    const { watch: watches } = tunnel
    if (watches === null) return
    watches.remove(quiet)
    if (watches.isEmpty) tunnel.watchedBy(null)
  }
}

/** Frames that could not be read before it came: it would wait for them in vain. */
function tellUnreadable (tunnel: Tunnel, quiet: TunnelWatch): void {
  if (!isWebSocket(tunnel.fact.protocol)) return
  for (const { reader, side } of [tunnel.up, tunnel.down]) if (!reader.valid) tunnel.watch?.unreadable(side, [quiet])
}
