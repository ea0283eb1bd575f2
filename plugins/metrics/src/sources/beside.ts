// What do the other plugins of this server count by themselves? Read when somebody asks; one that is not registered has no sample.
import type { Metric, Sample } from '../counting/metric.ts'
import { metricOf } from '../counting/metric.ts'

/** What is read of a server. */
export interface Beside {
  readonly arrLog?: { readonly lost: number }
  readonly traces?: { readonly written: number, readonly lost: number }
  readonly listeners?: { readonly certificates?: Iterable<{ readonly listener: string, readonly names: readonly string[], readonly validTo: Date }> }
}

/** `server` gives the server: its decorators may come later than this plugin. */
export function besideMetrics (server: () => Beside): Metric[] {
  return [
    metricOf('counter', 'arr_log_lines_lost_total', 'Lines of the log that could not be written.', () => one(server().arrLog?.lost)),
    metricOf('counter', 'arr_traces_written_total', 'Traces that were written.', () => one(server().traces?.written)),
    metricOf('counter', 'arr_traces_lost_total', 'Traces and recordings that were given up for want of room.', () => one(server().traces?.lost)),
    metricOf('gauge', 'arr_certificate_expiry_timestamp_seconds', 'When a certificate expires, in seconds since the epoch.', function * () {
      for (const { listener, names, validTo } of server().listeners?.certificates ?? []) yield { value: validTo.getTime() / 1000, labels: { listener, certificate: names[0] ?? '' } }
    })
  ]
}

function * one (value: number | undefined): Generator<Sample> {
  if (typeof value === 'number') yield { value, labels: {} }
}
