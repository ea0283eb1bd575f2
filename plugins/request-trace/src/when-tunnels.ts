// Where are open tunnels? In the scope of a proxy, which may be registered later, and in a scope of its own.
import type { TunnelsFact } from '@fastify-arr/facts'
import type { FastifyInstance } from 'fastify'

/** Calls back with the tunnels of this scope and of those inside it that are made from now on, once all plugins are there. */
export function whenTunnels (fastify: FastifyInstance, found: (tunnels: TunnelsFact) => void): void {
  const scopes: FastifyInstance[] = [fastify]
  fastify.addHook('onRegister', scope => { scopes.push(scope) })
  fastify.addHook('onReady', async () => {
    for (const { tunnels } of scopes as Array<FastifyInstance & { readonly tunnels?: TunnelsFact }>) if (tunnels !== undefined) found(tunnels)
    scopes.length = 0
  })
}
