// How are the tunnels of all proxies of a server drained when it closes? All at once, whatever scopes the proxies are in: one hook
// each would run one after the other, and the last proxy would wait for the deadlines of all others.
import type { Server } from 'node:net'

const FAREWELL = Symbol.for('@fastify-arr/upstream-proxy.farewell')

interface Farewell {
  readonly drains: Array<() => Promise<void>>
  all: Promise<unknown> | null
}

/** Adds a proxy's drain to those of its server. The returned function starts all of them, once, and waits for all. */
export function farewell (server: Server & { [FAREWELL]?: Farewell }, drain: () => Promise<void>): () => Promise<void> {
  const ours = server[FAREWELL] ??= { drains: [], all: null }
  ours.drains.push(drain)
  return async () => {
    // The server may be used again: proxies that are registered later get a new list.
    if (server[FAREWELL] === ours) delete server[FAREWELL]
    ours.all ??= Promise.all(ours.drains.map(drain => drain()))
    await ours.all
  }
}
