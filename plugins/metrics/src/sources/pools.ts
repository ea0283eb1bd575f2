// Which connections to upstreams are there, and who waits for one? Read when somebody asks.
import type { Told, UpstreamPool } from '@fastify-arr/facts'
import { metricOf, type Metric, type Sample } from '../counting/metric.ts'

type Loads = Map<string, { busy: number, idle: number, waiting: number }>

/** `pools` gives those of the server; `label` what a server is called, so that there are not too many. */
export function poolMetrics (pools: () => Iterable<Told<UpstreamPool>> | undefined, label: (server: string) => string): Metric[] {
  /** Several proxies may have pools to one server. */
  const loads = (): Loads => {
    const all: Loads = new Map()
    for (const { server = '', connections = 0, idle = 0, waiting = 0 } of pools() ?? []) {
      const name = label(server)
      let load = all.get(name)
      if (load === undefined) all.set(name, load = { busy: 0, idle: 0, waiting: 0 })
      load.busy += connections - idle
      load.idle += idle
      load.waiting += waiting
    }
    return all
  }
  return [
    metricOf('gauge', 'arr_upstream_pool_connections', 'Connections for requests to an upstream: busy, which includes those that are being opened, or idle.', function * (): Generator<Sample> {
      for (const [server, { busy, idle }] of loads()) {
        yield { value: busy, labels: { server, state: 'busy' } }
        yield { value: idle, labels: { server, state: 'idle' } }
      }
    }),
    metricOf('gauge', 'arr_upstream_pool_waiting', 'Requests that wait for a connection to an upstream.', function * (): Generator<Sample> {
      for (const [server, { waiting }] of loads()) yield { value: waiting, labels: { server } }
    })
  ]
}
