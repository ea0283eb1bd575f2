// What did the rules make of it? The outcome first, then each rule in its turn: those that applied are open.
import { html } from '../../preact.js'
import { Badge } from '../../parts/badge.js'
import { some } from '../../parts/numbers.js'
import { Step } from './step.js'

/** @typedef {import('@fastify-arr/facts').Explanation} Explanation */

/** @param {{ outcome: Explanation['outcome'] }} props */
function Outcome ({ outcome }) {
  if (outcome === null) return html`<${Badge} kind="off">No rule matched<//><span>The URL stays as it is.</span>`
  if (outcome.type === 'Rewrite') return html`<${Badge} kind="ok">Rewritten<//><code class="outcome-url">${outcome.rewrite.url}</code><span class="muted">by <b>${outcome.rewrite.rule}</b></span>`
  if (outcome.type === 'Redirect') return html`<${Badge} kind="information">Redirected, ${outcome.status}<//><code class="outcome-url">${outcome.location}</code><span class="muted">by <b>${outcome.rule}</b></span>`
  if (outcome.type === 'CustomResponse') return html`<${Badge} kind="warning">Answered, ${outcome.status}${outcome.subStatus > 0 ? `.${outcome.subStatus}` : ''}<//><span>${outcome.reason}</span><span class="muted">by <b>${outcome.rule}</b></span>`
  if (outcome.type === 'AbortRequest') return html`<${Badge} kind="error">Connection ended<//><span class="muted">by <b>${outcome.rule}</b></span>`
  return html`<${Badge} kind="error">Bad request, 400<//><span>${outcome.rule === null ? 'Its own target is no valid URL.' : `The rule “${outcome.rule}” makes no valid URL or Host of it.`}</span>`
}

/** @param {{ explanation: Explanation }} props */
export function ExplanationResult ({ explanation: { method, url, steps, outcome } }) {
  const headers = outcome?.type === 'Rewrite' ? Object.entries(outcome.rewrite.headers) : []
  const variables = outcome?.type === 'Rewrite' ? Object.entries(outcome.rewrite.serverVariables) : []
  return html`<div class="explanation">
    <h3 class="unseen">What comes out</h3>
    <p class="outcome"><code>${method} ${url}</code><span aria-hidden="true">→</span><${Outcome} outcome=${outcome} /></p>
    ${headers.length + variables.length > 0 && html`<dl class="facts outcome-set">
      ${headers.map(([name, value]) => html`<dt key=${name}><code>${name}</code></dt><dd>${value === '' ? html`<span class="muted">removed</span>` : html`<code>${value}</code>`}</dd>`)}
      ${variables.map(([name, value]) => html`<dt key=${name}><code>${name}</code></dt><dd><code>${value}</code></dd>`)}
    </dl>`}
    <h3 class="steps-title">${some(steps.length, 'rule')} tried</h3>
    ${steps.length === 0 && html`<p class="muted">No rule is there for this host and path.</p>`}
    <ol class="steps">${steps.map((step, n) => html`<${Step} key=${n} step=${step} number=${n + 1} />`)}</ol>
  </div>`
}
