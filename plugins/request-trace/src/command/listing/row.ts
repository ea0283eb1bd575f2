// What does the list say of a trace?
import { storyOf } from '../../diagnosis/story/story.ts'
import type { Trace } from '../../trace/trace.ts'
import type { TraceFile } from './trace-files.ts'

/** How a WebSocket ended; empty texts where it was none, or is not known. */
export interface Ending {
  /** The close code, 1005 for a Close without one; `none` where it ended without a Close. */
  readonly close: string
  /** `end`, `reset`, `timeout` or `drain`. */
  readonly ending: string
  readonly by: string
}

export interface Row {
  readonly id: string
  readonly file: string
  /** ISO 8601. */
  readonly beganAt: string
  readonly site: string
  readonly client: string
  readonly method: string
  readonly url: string
  readonly status: number | null
  readonly subStatus: number
  /** ms. */
  readonly timeTaken: number
  readonly close: string
  readonly ending: string
  readonly closedBy: string
  readonly logId: string
  /** The worst. */
  readonly finding: string | null
  readonly findings: readonly string[]
}

export function rowOf ({ path, trace, findings }: TraceFile): Row {
  const { close, ending, by } = endingOf(trace)
  return {
    id: trace.id,
    file: path,
    beganAt: Math.abs(trace.beganAt) <= 8.64e15 ? new Date(trace.beganAt).toISOString() : '',
    site: trace.siteName === '' ? String(trace.siteId) : trace.siteName,
    client: trace.client,
    method: trace.verb,
    url: trace.url,
    status: trace.status,
    subStatus: trace.subStatus,
    timeTaken: trace.timeTaken,
    close,
    ending,
    closedBy: by,
    logId: trace.logId,
    finding: findings[0]?.code ?? null,
    findings: findings.map(({ code }) => code)
  }
}

export function endingOf (trace: Trace): Ending {
  const { tunnel } = storyOf(trace)
  if (tunnel === null) return { close: '', ending: '', by: '' }
  const { closed, closes, firstEnd } = tunnel
  // RFC 6455 §7.1.5: 1005 is a Close without a code.
  const code = closes[0] === undefined ? null : closes[0].code ?? 1005
  const over = closed !== null || firstEnd !== null
  return {
    close: code !== null ? String(code) : over ? 'none' : '',
    ending: closed?.ending ?? firstEnd?.how ?? '',
    by: closes[0]?.from ?? (closed !== null && closed.by !== '' ? closed.by : firstEnd?.side ?? '')
  }
}

/** With its port, where that is not the scheme's own. */
export function hostOf (url: string): string {
  const host = /^[a-z]+:\/\/([^/?#]*)/i.exec(url)?.[1] ?? ''
  return host.replace(/^(?:https|wss):/i.test(url) ? /:443$/ : /:80$/, '')
}
