// Which servers could not serve it?
import { html } from '../../preact.js'
import { duration } from '../numbers.js'
import { short } from './columns.js'

/** @param {{ attempts: import('../../../src/messages/index.ts').Story['attempts'] }} props */
export function Attempts ({ attempts }) {
  if (attempts.length === 0) return null
  return html`<h3 class="story-head">Attempts that failed</h3>
    <ol class="attempts">${attempts.map((attempt, n) => html`<li key=${n}><code>${attempt.server}</code> ${short(attempt.code)}${attempt.status === undefined ? '' : ` (${attempt.status})`} <span class="muted">at ${attempt.moment}, after ${duration(attempt.time)}</span></li>`)}</ol>`
}
