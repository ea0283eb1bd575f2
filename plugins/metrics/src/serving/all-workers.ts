// What have all workers of the server counted together? Each is asked, whichever of them Prometheus has reached.
import type { WorkersFact } from '@fastify-arr/facts'
import { AggregatorRegistry } from 'prom-client'
import type { Sample } from '../counting/metric.ts'
import { IncompleteError } from '../errors.ts'
import type { MetricsRegistry } from '../options.ts'

/** A registry that can tell its metrics as data. */
interface Telling extends MetricsRegistry {
  getMetricsAsJSON (): Promise<readonly Told[]>
}

/** A metric as data. */
interface Told {
  readonly name: string
  readonly type: string
  readonly aggregator?: string
  readonly values: readonly Sample[]
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

/** What all workers say together. */
export interface Together {
  /** @throws IncompleteError where one has not answered in time */
  readonly text: () => Promise<string>
  /** To be called before this worker's metrics are taken out: what it has counted outlives it. */
  readonly last: () => Promise<void>
}

/** Null where this process is the only one, or its registry tells no data. */
export function ofAllWorkers (workers: WorkersFact | undefined, registry: MetricsRegistry): Together | null {
  if (workers?.supervised !== true || !isTelling(registry)) return null
  const keeps = workers.counts !== undefined
  // A question asks for both at once. To read some of them sets them back.
  let reading: Promise<readonly Told[]> | null = null
  const read = async (): Promise<readonly Told[]> => await (reading ??= registry.getMetricsAsJSON().finally(() => { reading = null }))
  // Counters go as counts, which workers adds up, and here without their values.
  workers.answer(QUESTION, async () => (await read()).map(metric => metric.name in NOT_SUMS ? { ...metric, aggregator: NOT_SUMS[metric.name] } : keeps && isCounter(metric) ? { ...metric, values: [] } : metric))
  const last = workers.counts?.(QUESTION, async () => Object.fromEntries((await read()).filter(isCounter).flatMap(countsOf)))
  return {
    async text () {
      const { answers, complete, counts = {} } = await workers.ask<readonly Told[]>(QUESTION)
      if (!complete || answers.length === 0) throw new IncompleteError()
      const all = answers.map(({ value }) => value)
      return await AggregatorRegistry.aggregate([...all, counted(all, counts)] as never).metrics()
    },
    async last () { await last?.() }
  }
}

function isCounter ({ name, type, aggregator = 'sum' }: Told): boolean {
  return (type === 'counter' || type === 'histogram') && aggregator === 'sum' && !(name in NOT_SUMS)
}

function countsOf ({ name, values }: Told): Array<[string, number]> {
  return values.map(({ value, labels, metricName = null }) => [JSON.stringify([name, metricName, labels]), value])
}

/** The counters of all metrics that a worker of now has. */
function counted (all: ReadonlyArray<readonly Told[]>, counts: Readonly<Record<string, number>>): Told[] {
  const metrics = new Map<string, Told & { readonly values: Sample[] }>()
  for (const metric of all.flat()) if (isCounter(metric) && !metrics.has(metric.name)) metrics.set(metric.name, { ...metric, values: [] })
  for (const [key, value] of Object.entries(counts)) {
    const [name, metricName, labels] = JSON.parse(key) as [string, string | null, Record<string, string>]
    metrics.get(name)?.values.push({ value, labels, ...metricName !== null && { metricName } })
  }
  return [...metrics.values()]
}

function isTelling (registry: MetricsRegistry): registry is Telling {
  return typeof (registry as Partial<Telling>).getMetricsAsJSON === 'function'
}
