// How are the servers of the farms? Read from `fastify.farms` when somebody asks.
import type { FarmInfo, FarmServerInfo } from '@fastify-arr/facts'
import { metricOf, type Metric, type Sample } from '../counting/metric.ts'

const STATES = ['available', 'draining', 'unavailableGracefully', 'unavailableImmediately'] as const

/** `farms` gives the farms, or undefined where server-farm is not registered. */
export function farmMetrics (farms: () => Iterable<FarmInfo> | undefined): Metric[] {
  const gauge = (name: string, help: string, read: (server: FarmServerInfo) => number | null): Metric => metricOf('gauge', name, help, () => ofServers(farms(), read))
  const counter = (name: string, help: string, read: (server: FarmServerInfo) => number): Metric => metricOf('counter', name, help, () => ofServers(farms(), read))
  return [
    gauge('arr_farm_server_up', 'Whether a server is healthy: 1 or 0.', ({ healthy }) => healthy ? 1 : 0),
    metricOf('gauge', 'arr_farm_server_state', 'The state of a server: 1 for the one that it has.', function * () {
      for (const { farm, server } of serversOf(farms())) {
        for (const state of STATES) yield { value: server.state === state ? 1 : 0, labels: { farm, server: server.name, state } }
      }
    }),
    gauge('arr_farm_server_requests', 'Requests that a server has now.', ({ requests }) => requests),
    gauge('arr_farm_server_handshakes', 'Handshakes that a server has now, before their 101.', ({ handshakes }) => handshakes),
    gauge('arr_farm_server_websockets', 'WebSockets that a server has now.', ({ tunnels }) => tunnels),
    gauge('arr_farm_server_weight', 'The weight of a server.', ({ weight }) => weight),
    gauge('arr_farm_server_response_time_seconds', 'Time to the head of an answer, of late.', ({ responseTime }) => responseTime === null ? null : responseTime / 1000),
    gauge('arr_farm_probe_success', 'Whether the last probe of a server succeeded: 1 or 0.', ({ lastProbe }) => lastProbe === null ? null : lastProbe.succeeded ? 1 : 0),
    gauge('arr_farm_probe_duration_seconds', 'Time that the last probe of a server took.', ({ lastProbe }) => lastProbe === null ? null : lastProbe.time / 1000),
    counter('arr_farm_server_chosen_total', 'How often a server was chosen.', ({ chosen }) => chosen),
    counter('arr_farm_server_failures_total', 'How often a server has failed.', ({ failed }) => failed),
    metricOf('gauge', 'arr_farm_waiting_handshakes', 'Handshakes that wait for a server.', function * () {
      for (const { name, waiting } of farms() ?? []) yield { value: waiting, labels: { farm: name } }
    })
  ]
}

function * serversOf (farms: Iterable<FarmInfo> | undefined): Generator<{ farm: string, server: FarmServerInfo }> {
  for (const { name, servers } of farms ?? []) for (const server of servers) yield { farm: name, server }
}

function * ofServers (farms: Iterable<FarmInfo> | undefined, read: (server: FarmServerInfo) => number | null): Generator<Sample> {
  for (const { farm, server } of serversOf(farms)) {
    const value = read(server)
    if (value !== null) yield { value, labels: { farm, server: server.name } }
  }
}
