// What did one rule do? Its pattern, what that was tried on, its conditions, and what came out.
import { html } from '../../preact.js'
import { Badge } from '../../parts/badge.js'
import { filterBy, ViewLink } from '../../parts/link.js'

/** @typedef {import('@fastify-arr/facts').Explanation['steps'][number]} RuleStep */

/** @param {RuleStep} step @returns {{ kind: import('../../parts/badge.js').Kind, words: string }} */
function verdict (step) {
  if (step.applied) return { kind: 'ok', words: 'applied' }
  return step.matched ? { kind: 'warning', words: 'conditions failed' } : { kind: 'off', words: 'no match' }
}

/** @param {{ holds: boolean, children: unknown }} props */
function Check ({ holds, children }) {
  return html`<li class=${holds ? 'check holds' : 'check fails'}><span class="check-mark" aria-hidden="true">${holds ? '✓' : '✗'}</span><div><span class="unseen">${holds ? 'Holds: ' : 'Fails: '}</span>${children}</div></li>`
}

/** @param {{ condition: RuleStep['conditions'][number] }} props */
function Condition ({ condition: { input, value, pattern, matchType, negate, held } }) {
  const not = negate ? 'not ' : ''
  return html`<${Check} holds=${held}><code>${input}</code> is <code class="input">${value}</code>, must ${not}${matchType === 'Pattern' ? html`match <code>${pattern}</code>` : matchType === 'IsFile' ? 'be a file' : 'be a directory'}<//>`
}

/** @param {{ step: RuleStep, number: number }} props */
export function Step ({ step, number }) {
  const { kind, words } = verdict(step)
  const captures = step.captures === undefined ? [] : [...step.captures.rule.map((text, n) => [`{R:${n}}`, text]), ...step.captures.conditions.map((text, n) => [`{C:${n}}`, text])]
  const headers = Object.entries(step.headers ?? {})
  return html`<li class=${`step ${kind}`}><details open=${step.applied}>
    <summary><span class="step-number figure">${number}</span><span class="strong">${step.rule}</span><${Badge} kind=${kind}>${words}<//><span class="muted step-list">${step.list}</span></summary>
    <div class="step-inside">
      <ul class="checks">
        <${Check} holds=${step.matched}><code class="input">${step.input === '' ? '(empty)' : step.input}</code> must ${step.negate ? 'not ' : ''}${step.patternSyntax === 'ExactMatch' ? 'equal' : 'match'} <code>${step.pattern}</code>${step.patternSyntax === 'Wildcard' ? ' (wildcard)' : ''}<//>
        ${step.conditions.map((condition, n) => html`<${Condition} key=${n} condition=${condition} />`)}
      </ul>
      ${step.conditions.length > 1 && html`<p class="muted">${step.logicalGrouping === 'MatchAll' ? 'All conditions must hold.' : 'One condition must hold.'}</p>`}
      <dl class="facts">
        ${step.query !== '' && html`<dt>Query</dt><dd><code>${step.query}</code></dd>`}
        ${captures.length > 0 && html`<dt>Captured</dt><dd class="captures">${captures.map(([name, text]) => html`<span key=${name}><code class="muted">${name}</code> <code class="input">${text === '' ? '(empty)' : text}</code></span>`)}</dd>`}
        ${step.url !== undefined && html`<dt>URL after it</dt><dd><code class="after">${step.url}</code></dd>`}
        ${headers.length > 0 && html`<dt>Headers set</dt><dd>${headers.map(([name, value]) => html`<div key=${name}><code>${name}: ${value === '' ? '(removed)' : value}</code></div>`)}</dd>`}
      </dl>
      <p class="step-foot">${step.applied && step.stopProcessing && html`<span class="muted">No rule after it is tried.</span> `}<${ViewLink} to="exchanges" params=${{ filter: filterBy('rule', step.rule) }}>Exchanges by this rule<//></p>
    </div>
  </details></li>`
}
