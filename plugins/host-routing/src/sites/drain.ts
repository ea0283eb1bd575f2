// What becomes of the WebSockets of a site that was removed? They are closed with 1001.

import type { OpenTunnel, ServerFacts, Told } from '@fastify-arr/facts'

/**
 * Closes every WebSocket of the named sites: its endpoint is going away (RFC 6455 §7.4.1).
 *
 * @param failed is told what a tunnel throws: the table is replaced by then, and the other tunnels are closed all the same.
 */
export function drainTunnels (tunnels: Told<ServerFacts>['tunnels'], sites: ReadonlySet<string>, failed: (error: unknown) => void): void {
  if (sites.size === 0 || typeof tunnels?.[Symbol.iterator] !== 'function') return
  // Copied, because closing removes a tunnel from the collection that is iterated.
  for (const tunnel of [...tunnels as Iterable<Told<OpenTunnel>>]) {
    if (typeof tunnel.site !== 'string' || !sites.has(tunnel.site)) continue
    try {
      tunnel.close?.(1001, 'The site was removed.')
    } catch (error) {
      failed(error)
    }
  }
}
