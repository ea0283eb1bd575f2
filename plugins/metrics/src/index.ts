// How much, how long, how often? The plugin that counts what passes, and tells Prometheus and orchestrators.
import type { AddressInfo } from 'node:net'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { FarmInfo, Told, UpstreamPool, WorkersFact } from '@fastify-arr/facts'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { collectDefaultMetrics, Registry } from 'prom-client'
import { metricOf } from './counting/metric.ts'
import { InvalidOptionsError } from './errors.ts'
import { isHere, ONCE } from './once-in-scope.ts'
import { compile, type MetricsOptions, type MetricsRegistry } from './options.ts'
import { ofAllWorkers, type Together } from './serving/all-workers.ts'
import { readiness, type Health } from './serving/health.ts'
import { OwnListener, type Served } from './serving/own-listener.ts'
import { besideMetrics, type Beside } from './sources/beside.ts'
import { Exchanges } from './sources/exchanges.ts'
import { farmMetrics } from './sources/farms.ts'
import { poolMetrics } from './sources/pools.ts'
import { Tunnels } from './sources/tunnels.ts'
import { whenTunnels } from './when-tunnels.ts'

export type { BucketOptions, MetricsOptions, MetricsRegistry } from './options.ts'
export type { Exposed, Metric, Sample } from './counting/metric.ts'

/** `fastify.metrics` */
export interface Metrics {
  readonly registry: MetricsRegistry
  /** Where `/metrics`, `/livez` and `/readyz` are served; null where they are not, or not yet. */
  readonly address: AddressInfo | null
  /** The metrics in the registry's format; with the plugin workers those of all workers together. */
  text (): Promise<string>
  /** Whether the server may get requests. */
  readiness (): Promise<Health>
}

declare module 'fastify' {
  interface FastifyInstance {
    metrics: Metrics
  }
}

type Server = FastifyInstance & Beside & { readonly farms?: Iterable<FarmInfo>, readonly upstreams?: Iterable<Told<UpstreamPool>>, readonly workers?: WorkersFact }

async function plugin (fastify: FastifyInstance, options: MetricsOptions): Promise<void> {
  if (isHere(fastify)) throw new InvalidOptionsError(ONCE)
  const settings = compile(options)
  const registry = settings.registry ?? ownRegistry()
  const exchanges = new Exchanges(settings.buckets.request, settings.buckets.connect)
  const tunnels = new Tunnels({
    includes: request => exchanges.has(replyOf(request)),
    serverLabel: upstream => exchanges.serverLabel(upstream),
    came: () => { exchanges.came() },
    // The exchange of one that has opened here ends with its response, which closes when it leaves.
    left: request => { if (!exchanges.has(replyOf(request))) exchanges.left() }
  }, settings.buckets)
  const delay = monitorEventLoopDelay({ resolution: 20 })
  delay.enable()
  const all = [
    ...exchanges.metrics, ...tunnels.metrics, ...farmMetrics(() => (fastify as Server).farms), ...besideMetrics(() => fastify as Server),
    ...poolMetrics(() => (fastify as Server).upstreams, server => exchanges.serverLabel({ server })),
    metricOf('gauge', 'arr_event_loop_delay_seconds', 'How late the event loop was, since the last scrape.', function * () {
      for (const [percentile, value] of [['50', delay.percentile(50)], ['99', delay.percentile(99)], ['100', delay.max]] as const) yield { value: value / 1e9, labels: { percentile } }
      delay.reset()
    })
  ]
  try {
    for (const metric of all) registry.registerMetric(metric as never)
  } catch (error) {
    tunnels.stop()
    delay.disable()
    throw new InvalidOptionsError(`\`registry\` does not take the metrics: each server needs one of its own (${(error as Error).message})`)
  }

  let isClosing = false
  let address: AddressInfo | null = null
  const ready = async (): Promise<Health> => await readiness(isClosing, fastify.server.listening, settings.ready)
  let together: Together | null = null
  fastify.addHook('onReady', async () => { together = ofAllWorkers((fastify as Server).workers, registry) })
  const text = async (): Promise<string> => await (together === null ? registry.metrics() : together.text())
  fastify.decorate('metrics', { registry, get address () { return address }, text, readiness: ready })

  const { carrier } = tunnels
  whenTunnels(fastify, open => { open.carry?.(carrier) })

  fastify.addHook('onRequest', function countRequest (request, reply, done) {
    (request.raw as Counted)[RESPONSE] = reply.raw
    exchanges.begin(request, reply)
    done()
  })

  const words = (health: () => Promise<Health>): Served => async () => ({ type: 'text/plain; charset=utf-8', ...await health() })
  const own = settings.listen === null
    ? null
    : new OwnListener(new Map<string, Served>([
      ['/metrics', async () => ({ status: 200, type: registry.contentType, body: await text() })],
      ['/livez', words(async () => ({ status: 200, body: 'alive\n' }))],
      ['/readyz', words(ready)]
    ]), error => { fastify.log.error({ err: error }, 'metrics: a request for metrics or health could not be answered') })
  if (own !== null && settings.listen !== null) {
    const { port, host } = settings.listen
    fastify.addHook('onReady', async () => { address = await own.listen(port, host) })
  }
  if (settings.path !== null) {
    fastify.get(settings.path, { logLevel: 'warn' }, async (_request, reply) => {
      reply.header('cache-control', 'no-store').type(registry.contentType)
      return await text()
    })
  }
  // An orchestrator must see that the server closes, while it drains.
  fastify.addHook('preClose', async () => { isClosing = true })
  fastify.addHook('onClose', async () => {
    tunnels.stop()
    delay.disable()
    await together?.last()
    // A registry may live longer than this server, and be given to the next one.
    for (const { name } of all) registry.removeSingleMetric?.(name)
    await own?.close()
    address = null
  })
}

const RESPONSE = Symbol('the response of a request')
type Counted = FastifyRequest['raw'] & { [RESPONSE]?: FastifyReply['raw'] }

function replyOf ({ raw }: FastifyRequest): FastifyReply['raw'] | undefined {
  return (raw as Counted)[RESPONSE]
}

/** A registry that has the metrics of the process as well. */
function ownRegistry (): MetricsRegistry {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  return registry
}

/** Counts requests and WebSockets, and tells Prometheus. */
export const metrics = fp(plugin, { fastify: '5.x', name: '@fastify-arr/metrics' })
export default metrics
