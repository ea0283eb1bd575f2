// What have all workers of the server counted together? Each is asked, whichever of them Prometheus has reached.
import type { WorkersFact } from '@fastify-arr/facts'
import { AggregatorRegistry } from 'prom-client'
import type { MetricsRegistry } from '../options.ts'

/** A registry that can tell its metrics as data. */
interface Telling extends MetricsRegistry {
  getMetricsAsJSON (): Promise<ReadonlyArray<{ readonly name: string }>>
}

const QUESTION = '@fastify-arr/metrics'

/** Where a sum of all workers means nothing. */
const NOT_SUMS: Readonly<Record<string, string>> = {
  arr_event_loop_delay_seconds: 'max',
  arr_certificate_expiry_timestamp_seconds: 'min',
  arr_farm_server_up: 'min',
  arr_farm_server_state: 'max',
  arr_farm_server_weight: 'max',
  arr_farm_server_response_time_seconds: 'max',
  arr_farm_probe_success: 'min',
  arr_farm_probe_duration_seconds: 'max'
}

/** The text of all workers; null where this process is the only one, or its registry tells no data. */
export function ofAllWorkers (workers: WorkersFact | undefined, registry: MetricsRegistry): (() => Promise<string>) | null {
  if (workers?.supervised !== true || !isTelling(registry)) return null
  workers.answer(QUESTION, async () => (await registry.getMetricsAsJSON()).map(metric => metric.name in NOT_SUMS ? { ...metric, aggregator: NOT_SUMS[metric.name] } : metric))
  return async () => {
    const { answers } = await workers.ask<object>(QUESTION)
    if (answers.length === 0) return await registry.metrics()
    return await AggregatorRegistry.aggregate(answers.map(({ value }) => value)).metrics()
  }
}

function isTelling (registry: MetricsRegistry): registry is Telling {
  return typeof (registry as Partial<Telling>).getMetricsAsJSON === 'function'
}
