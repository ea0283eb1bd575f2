// How are the tunnels of all proxies of a server drained when it closes? All at once, whatever scopes the proxies are in: one hook
// each would run one after the other, and the last proxy would wait for the deadlines of all others.
import type { Server } from 'node:net'

const FAREWELL = Symbol.for('@fastify-arr/upstream-proxy.farewell')

/** The tunnels of one proxy. */
export interface Drainable {
  /** How many are open. */
  readonly size: number
  /** Ends them. `share`: which part of the server's tunnels they are, 0 to 1. */
  drain (share: number): Promise<void>
}

interface Farewell {
  readonly proxies: Drainable[]
  all: Promise<unknown> | null
}

/** Adds a proxy's tunnels to those of its server. The returned function starts all drains, once, and waits for all. */
export function farewell (server: Server & { [FAREWELL]?: Farewell }, tunnels: Drainable): () => Promise<void> {
  const ours = server[FAREWELL] ??= { proxies: [], all: null }
  ours.proxies.push(tunnels)
  return async () => {
    // The server may be used again: proxies that are registered later get a new list.
    if (server[FAREWELL] === ours) delete server[FAREWELL]
    ours.all ??= drainAll(ours.proxies)
    await ours.all
  }
}

/** The clients of all proxies come back to the same server: its proxies share what is allowed in a second, by the number of their tunnels. */
function drainAll (proxies: readonly Drainable[]): Promise<unknown> {
  const all = proxies.reduce((sum, { size }) => sum + size, 0)
  return Promise.all(proxies.map(proxy => proxy.drain(all === 0 ? 1 : proxy.size / all)))
}
