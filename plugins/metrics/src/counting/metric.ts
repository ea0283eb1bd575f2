// What does a registry of Prometheus' client ask of a metric? Its name, its help, and its values at this moment.

/** One sample of a metric, as the registry writes it. */
export interface Sample {
  readonly value: number
  readonly labels: Readonly<Record<string, string>>
  /** Where it differs from the metric's own: `_bucket`, `_sum` and `_count` of a histogram. */
  readonly metricName?: string
}

/** What a registry writes of a metric. */
export interface Exposed {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly aggregator: 'sum' | 'first' | 'max'
  readonly values: readonly Sample[]
}

/** A metric, by the shape that `prom-client` and `@prometheus-io/client` have in common. */
export interface Metric {
  readonly name: string
  readonly help: string
  readonly type: Exposed['type']
  get (): Promise<Exposed>
  /** Sets it back to nothing, as `registry.resetMetrics()` asks. */
  reset (): void
}

/** A metric whose values are read when it is asked. */
export function metricOf (type: Exposed['type'], name: string, help: string, read: () => Iterable<Sample>, reset: () => void = () => {}): Metric {
  return {
    name,
    help,
    type,
    get: async () => ({ name, help, type, aggregator: 'sum', values: [...read()] }),
    reset
  }
}
