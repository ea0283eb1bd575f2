// What was it? Who asked for what, and what came of it.
import type { Trace } from '../../trace/trace.ts'
import { duration } from './duration.ts'
import { html, type Content, type Markup } from './markup.ts'

/** What each of our reasons means; another of IIS's is shown as it is. */
const REASONS: Readonly<Record<string, string>> = {
  STATUS_CODE: 'its status is one that the rule names',
  TIME_TAKEN: 'it took longer than the rule allows',
  WEBSOCKET_ENDING: 'its WebSocket ended, or was refused, as the rule names it',
  ON_DEMAND: 'the request asked for a trace',
  SAMPLE: 'its rule takes all such exchanges, or some of them by chance'
}

/** Names and values, without those that are not known. */
export function definitions (rows: ReadonlyArray<readonly [name: string, value: Content]>): Markup {
  return html`<dl>${rows.filter(([, value]) => value !== '' && value !== null && value !== undefined)
    .map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>`
}

export function summarySection (trace: Trace): Markup {
  const why = REASONS[trace.failureReason]
  return html`<section aria-labelledby="summary"><h2 id="summary">Summary</h2>${definitions([
    ['Request', html`<code>${trace.verb} ${trace.url}</code>`],
    ['Status', statusOf(trace)],
    ['Began', html`<time datetime="${isoTime(trace.beganAt)}">${isoTime(trace.beganAt).replace('T', ' ').replace('Z', ' UTC')}</time>`],
    ['Time taken', `${duration(trace.timeTaken)} (${Math.round(trace.timeTaken)} ms)`],
    ['Client', trace.client],
    ['Speaks', trace.httpVersion === '' ? '' : `HTTP/${trace.httpVersion}`],
    ['Site', trace.siteName === '' ? String(trace.siteId) : `${trace.siteName} (${trace.siteId})`],
    ['Why traced', `${trace.failureReason}${trace.trigger === '' ? '' : ` ${trace.trigger}`}${why === undefined ? '' : `: ${why}`}`],
    ['Log id', trace.logId === '' ? '' : html`<code>${trace.logId}</code>`],
    ['Written by', `${trace.computer}, process ${trace.processId}`],
    ['Events', trace.lost === 0 ? String(trace.events.length) : `${trace.events.length}, and ${trace.lost} that were not kept for want of room`]
  ])}</section>`
}

/** `502.3`; in words where the client got nothing. */
export function statusOf ({ status, subStatus }: Trace): string {
  if (status === null) return 'none: the client got no answer'
  return subStatus === 0 ? String(status) : `${status}.${subStatus}`
}

function isoTime (ms: number): string {
  return Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : new Date(0).toISOString()
}
