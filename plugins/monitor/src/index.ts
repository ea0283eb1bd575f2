// What is happening now? The plugin that serves a page about it.
import type { AddressInfo } from 'node:net'
import type { ServerFacts } from '@fastify-arr/facts'
import fp from 'fastify-plugin'
import type { FastifyInstance } from 'fastify'
import { InvalidOptionsError } from './errors.ts'
import { RefusedHandshakes } from './finding/records/refused.ts'
import { thisWorker } from './filtering/this-worker.ts'
import { gather } from './gathering/gather.ts'
import { isHere, ONCE } from './once-in-scope.ts'
import { compile, type MonitorOptions } from './options.ts'
import { serve } from './serving/serve.ts'
import { Together } from './together/together.ts'
import type { AllWorkers } from './views/all-workers.ts'
import { composeViews } from './views/compose.ts'
import { RuleCounts } from './views/configuration/rule-counts.ts'
import { socketViews } from './views/socket-views.ts'

export type { MonitorOptions } from './options.ts'
export type * from './messages/index.ts'

/** `fastify.monitor` */
export interface Monitor {
  /** Where the page is, e.g. `http://localhost:8001/`: on its own listener where it has one, else at its path. Null where it is not, or not yet. */
  readonly url: string | null
  /** Where its own listener listens; null where it has none, or not yet. */
  readonly address: AddressInfo | null
}

declare module 'fastify' {
  interface FastifyInstance {
    monitor: Monitor
  }
  interface FastifyContextConfig {
    /** A request of the monitor's page: who tells of requests may leave it out. */
    monitor?: boolean
  }
}

async function plugin (fastify: FastifyInstance, options: MonitorOptions): Promise<void> {
  if (isHere(fastify)) throw new InvalidOptionsError(ONCE)
  const settings = compile(options)
  const counts = { rules: new RuleCounts(), refused: new RefusedHandshakes() }
  // Its hook is to be the first one of the server: what a hook before it answers is not counted.
  const gathered = gather(fastify, counts)
  const present = socketViews(fastify, counts)
  const server = fastify as FastifyInstance & ServerFacts
  const views = composeViews(server, gathered.views, present, settings.actions)
  let together: AllWorkers | null = null
  // Looked up when all are there: workers may be registered later, or not at all.
  fastify.addHook('onReady', async () => {
    const { workers } = server
    if (workers?.supervised !== true) return
    thisWorker.number = workers.number
    together = new Together(workers, server, { views, gathered: gathered.parts, evidence: seen => present.evidence(seen) }, settings.actions, error => {
      fastify.log.error({ err: error }, 'monitor: a view could not be read for the page of all workers')
    })
  })
  fastify.addHook('onClose', async () => {
    together?.end()
    gathered.end()
    present.end()
  })
  fastify.decorate('monitor', await serve(fastify, settings, views, () => together))
}

/** A page that shows what the server does now. */
export const monitor = fp(plugin, { fastify: '5.x', name: '@fastify-arr/monitor' })
export default monitor
