// Which servers listen beside `fastify.server`? On `localhost`, Fastify opens one for each further address, and passes on only its upgrades.
import type { Server } from 'node:http'

// The description of the symbol under which Fastify keeps these servers.
const BINDINGS = 'fastify.serverBindings'

/** The further servers of a Fastify instance, once it listens. */
export function furtherServers (fastify: object): readonly Server[] {
  // An encapsulated instance inherits the symbol through its prototypes.
  for (let owner: object | null = fastify; owner !== null; owner = Object.getPrototypeOf(owner)) {
    const name = Object.getOwnPropertySymbols(owner).find(({ description }) => description === BINDINGS)
    if (name !== undefined) return (owner as Record<symbol, readonly Server[]>)[name] ?? []
  }
  return []
}
