// Which traces were written, and what does one look like?
import type { TracedExchange, TracesFact } from '@fastify-arr/facts'
import type { TraceRow, TracesView } from '../../messages/index.ts'

/** However many are kept there. */
const MOST = 500

type Traces = Pick<TracesFact, 'written' | 'lost' | 'get' | 'html'> & Iterable<TracedExchange>

export function traces (traces: Traces | undefined): TracesView {
  if (traces === undefined) return { rows: [], written: 0, lost: 0 }
  const rows: TraceRow[] = []
  for (const trace of traces) {
    if (rows.length === MOST) break
    rows.push(rowOf(trace))
  }
  return { rows, written: traces.written ?? 0, lost: traces.lost ?? 0 }
}

/** A page of HTML; undefined where there is no such trace, or where nobody makes pages. */
export function tracePage (traces: Traces | undefined, key: string): string | undefined {
  const trace = traces?.get(key)
  return trace === undefined ? undefined : traces?.html?.(trace)
}

function rowOf (trace: TracedExchange): TraceRow {
  const { id, siteId, siteName, verb, url, status, subStatus, failureReason, client, beganAt, timeTaken, findings } = trace
  return {
    id,
    key: `W3SVC${siteId}/${id}`,
    site: siteName,
    verb,
    url: withoutQuery(url),
    status,
    subStatus,
    reason: failureReason,
    client,
    at: beganAt,
    time: timeTaken,
    findings: findings.map(({ code, severity, sentence, remedy }) => ({ code, severity, sentence, remedy }))
  }
}

function withoutQuery (url: string): string {
  const at = url.indexOf('?')
  return at === -1 ? url : url.slice(0, at)
}
