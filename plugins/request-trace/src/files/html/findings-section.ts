// What went wrong? The worst in one sentence, then all of it, with what shows it and what to do.
import type { Finding, Trace } from '../../trace/trace.ts'
import { byWeight, worstFinding } from '../../story/worst-finding.ts'
import { html, type Markup } from './markup.ts'
import { statusOf } from './summary-section.ts'

export function findingsSection (trace: Trace): Markup {
  const worst = worstFinding(trace)
  return html`<section aria-labelledby="why"><h2 id="why">What went wrong</h2>${worst === undefined
    ? html`<p class="why">${trace.status === null || trace.status >= 400 ? 'No cause was found' : 'Nothing wrong was found'}. Status: ${statusOf(trace)}.</p>`
    : html`<p class="why ${worst.severity}"><strong>${worst.sentence}</strong></p>
<ol class="findings">${byWeight(trace).map(finding => one(finding, trace))}</ol>`}</section>`
}

function one ({ code, severity, sentence, evidence, remedy }: Finding, { events }: Trace): Markup {
  const shown = evidence.filter(at => events[at] !== undefined)
  return html`<li><strong>${severity}</strong>: ${sentence} <code>${code}</code>${remedy === '' ? null : html`<br>What to do: ${withCode(remedy)}`}${shown.length === 0
    ? null
    : html`<br>What shows it: ${shown.map((at, index) => html`${index === 0 ? '' : ', '}<a href="#e${at}">${events[at]?.name} (${at})</a>`)}`}</li>`
}

/** Names of options and headers are in backquotes. An odd one is a backquote. */
function withCode (text: string): Markup {
  const parts = text.split('`')
  if (parts.length % 2 === 0) return html`${text}`
  return html`${parts.map((part, at) => at % 2 === 0 ? part : html`<code>${part}</code>`)}`
}
