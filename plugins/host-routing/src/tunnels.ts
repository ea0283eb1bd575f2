// Who still holds a WebSocket to a site that is gone? Their drain.

/** What is read of `fastify.tunnels`, where a proxy decorates it: the open tunnels, each with its site's name. */
interface Tunnels {
  [Symbol.iterator]?: () => Iterator<{ readonly site?: string | null, close?: (code: number, reason: string) => unknown }>
}

/**
 * Tells every WebSocket of the named sites that its endpoint is going away (RFC 6455 §7.4.1).
 *
 * @param failed is told what a tunnel throws: the table is replaced by then, and the other tunnels are told all the same.
 */
export function drainTunnels (tunnels: unknown, sites: ReadonlySet<string>, failed: (error: unknown) => void): void {
  if (sites.size === 0 || typeof (tunnels as Tunnels | undefined)?.[Symbol.iterator] !== 'function') return
  // Copied, because closing takes a tunnel out of what is walked through.
  for (const tunnel of [...tunnels as Iterable<{ site?: string | null, close?: (code: number, reason: string) => unknown }>]) {
    if (typeof tunnel.site !== 'string' || !sites.has(tunnel.site)) continue
    try {
      tunnel.close?.(1001, 'The site was removed.')
    } catch (error) {
      failed(error)
    }
  }
}
