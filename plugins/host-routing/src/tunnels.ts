// Who still holds a WebSocket to a site that is gone? Their drain.

/** What is read of `fastify.tunnels`, where a proxy decorates it: the open tunnels, each with its site's name. */
interface Tunnels {
  [Symbol.iterator]?: () => Iterator<{ readonly site?: string | null, close?: (code: number, reason: string) => unknown }>
}

/** Tells every WebSocket of the named sites that its endpoint is going away (RFC 6455 §7.4.1). */
export function drainTunnels (tunnels: unknown, sites: ReadonlySet<string>): void {
  if (sites.size === 0 || typeof (tunnels as Tunnels | undefined)?.[Symbol.iterator] !== 'function') return
  // Copied, because closing takes a tunnel out of what is walked through.
  for (const tunnel of [...tunnels as Iterable<{ site?: string | null, close?: (code: number, reason: string) => unknown }>]) {
    if (typeof tunnel.site === 'string' && sites.has(tunnel.site)) tunnel.close?.(1001, 'The site was removed.')
  }
}
