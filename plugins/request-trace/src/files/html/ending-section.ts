// How did it end?
import type { Trace, TraceEvent } from '../../trace/trace.ts'
import type { WebSocketLife } from '../../story/web-socket.ts'
import { bytes, duration } from './duration.ts'
import { closeCode } from './frames-section.ts'
import { html, type Content, type Markup } from './markup.ts'
import { definitions, statusOf } from './summary-section.ts'

/** How the transport ended, by the fact's words. */
const ENDINGS: Readonly<Record<string, string>> = {
  end: 'in order',
  reset: 'by a reset or an error of a socket',
  timeout: 'by a time limit',
  drain: 'by the shutdown of the proxy'
}

export function endingSection (trace: Trace, life: WebSocketLife | null): Markup {
  return html`<section aria-labelledby="end"><h2 id="end">How it ended</h2>${life?.open == null ? answered(trace) : closed(life)}</section>`
}

function answered (trace: Trace): Content {
  const end = trace.events.findLast(({ name }) => name === 'GENERAL_REQUEST_END')?.data ?? {}
  const rejected = trace.events.find(({ name }) => name === 'MODULE_SET_RESPONSE_ERROR_STATUS')?.data
  return definitions([
    ['Status', statusOf(trace)],
    ['Set by', rejected === undefined ? '' : `${rejected.ModuleName ?? 'unknown'}: ${rejected.HttpStatus ?? ''} ${rejected.HttpReason ?? ''}`],
    ['Sent to the client', end.BytesSent === undefined ? '' : bytes(Number(end.BytesSent))],
    ['Received from the client', end.BytesReceived === undefined ? '' : bytes(Number(end.BytesReceived))]
  ])
}

function closed ({ ends, closed }: WebSocketLife): Content {
  const data = closed?.data ?? {}
  const flow = (way: 'Client' | 'Upstream'): Content => data[`BytesFrom${way}`] === undefined
    ? ''
    : `${data[`MessagesFrom${way}`] ?? 0} messages, ${bytes(Number(data[`BytesFrom${way}`]))}${data[`Idle${way}`] === undefined ? '' : `; silent for ${duration(Number(data[`Idle${way}`]))} at the end`}`
  return html`<ol>${ends.filter(({ name }) => name !== 'WEBSOCKET_CLOSED').map(event => html`<li>${duration(event.time)}: ${moment(event)}</li>`)}</ol>${closed === null
    ? html`<p>Its end was not recorded.</p>`
    : definitions([
      ['Closed by', String(data.ClosedBy ?? '')],
      ['Ended', ENDINGS[String(data.Ending)] ?? String(data.Ending ?? '')],
      ['Limit', String(data.Limit ?? '')],
      ['Close code', closeCode(data.CloseCode)],
      ['Close reason', data.CloseReason === undefined || data.CloseReason === '' ? '' : html`<code>${String(data.CloseReason)}</code>`],
      ['From the client', flow('Client')],
      ['From the upstream', flow('Upstream')]
    ])}`
}

function moment ({ name, data }: TraceEvent): Content {
  if (name === 'WEBSOCKET_CLOSE_FRAME') {
    return html`Close frame from the ${String(data.From ?? 'unknown')}: ${closeCode(data.Code)}${data.Reason === undefined || data.Reason === '' ? null : html` <code>${String(data.Reason)}</code>`}`
  }
  if (name === 'WEBSOCKET_UNREADABLE') return `The frames from the ${data.From ?? 'unknown'} could no longer be read.`
  const how: Readonly<Record<string, string>> = { end: 'ended in order', reset: 'was reset, or failed', cut: 'was cut by the proxy' }
  return `The socket of the ${data.Side ?? 'unknown'} ${how[String(data.How)] ?? 'ended'}${data.SystemCode === undefined || data.SystemCode === '' ? '' : ` (${data.SystemCode})`}.`
}
