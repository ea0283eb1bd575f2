// What is happening now? The plugin that serves a page about it.
import type { AddressInfo } from 'node:net'
import fp from 'fastify-plugin'
import type { FastifyInstance } from 'fastify'
import { InvalidOptionsError } from './errors.ts'
import { gather } from './gathering/gather.ts'
import { isHere, ONCE } from './once-in-scope.ts'
import { compile, type MonitorOptions } from './options.ts'

export type { MonitorOptions } from './options.ts'
export type * from './messages/index.ts'

/** `fastify.monitor` */
export interface Monitor {
  /** Where the page is, e.g. `http://localhost:8001/`; null where it is not, or not yet. */
  readonly url: string | null
  /** Where its own listener listens; null where it has none, or not yet. */
  readonly address: AddressInfo | null
}

declare module 'fastify' {
  interface FastifyInstance {
    monitor: Monitor
  }
}

async function plugin (fastify: FastifyInstance, options: MonitorOptions): Promise<void> {
  if (isHere(fastify)) throw new InvalidOptionsError(ONCE)
  compile(options)
  // Its hook is to be the first one of the server: what a hook before it answers is not counted.
  const gathered = gather(fastify)
  fastify.addHook('onClose', async () => { gathered.end() })
  fastify.decorate('monitor', { url: null, address: null })
}

/** A page that shows what the server does now. */
export const monitor = fp(plugin, { fastify: '5.x', name: '@fastify-arr/monitor' })
export default monitor
