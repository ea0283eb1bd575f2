// Who begins to watch a tunnel that is open already? It is told of whole frames, and gets no payloads: a part of a frame would be without its mask.
import type { TunnelWatch } from '@fastify-arr/facts'
import type { Tunnel } from '../tunnel/tunnel.ts'
import { TunnelWatches } from './tunnel-watches.ts'

/** Watches a tunnel from now on; the function that is returned ends it. */
export function watchFromNowOn (tunnel: Tunnel, watch: Omit<TunnelWatch, 'payload'>): () => void {
  const quiet: TunnelWatch = {
    frame: (...told) => { watch.frame(...told) },
    close: (...told) => { watch.close(...told) },
    unreadable: side => { watch.unreadable(side) },
    ended: (...told) => { watch.ended(...told) }
  }
  const watches = tunnel.watch ?? new TunnelWatches([], tunnel.opening.request.log)
  watches.add(quiet)
  if (tunnel.watch === null) tunnel.watchedBy(watches)
  return () => {
    watches.remove(quiet)
    if (watches.isEmpty && tunnel.watch === watches) tunnel.watchedBy(null)
  }
}
