// Who says goodbye when a server closes? All its proxies at once, whatever scopes they are in: hooks would wait for each other,
// and the last proxy for the deadlines of all.
import type { Server } from 'node:net'

const FAREWELL = Symbol.for('@fastify-arr/upstream-proxy.farewell')

interface Farewell {
  readonly drains: Array<() => Promise<void>>
  all: Promise<unknown> | null
}

/** Adds a proxy's goodbye to its server's. What it returns says all of them, once, and waits for them. */
export function farewell (server: Server & { [FAREWELL]?: Farewell }, drain: () => Promise<void>): () => Promise<void> {
  const ours = server[FAREWELL] ??= { drains: [], all: null }
  ours.drains.push(drain)
  return async () => {
    // A server may be used again: who comes from now on has a goodbye of his own.
    if (server[FAREWELL] === ours) delete server[FAREWELL]
    ours.all ??= Promise.all(ours.drains.map(drain => drain()))
    await ours.all
  }
}
