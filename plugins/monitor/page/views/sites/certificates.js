// How long are the certificates valid? Those that end first stand first.
import { html } from '../../preact.js'
import { Badge } from '../../parts/badge.js'
import { Empty } from '../../parts/empty.js'
import { dateTime, some } from '../../parts/numbers.js'

/** Days; a certificate that is renewed by itself is renewed before, commonly a month before its end. */
const WARNING = 21
const ERROR = 7

/** @param {number} days */
function kindOf (days) {
  return days < ERROR ? 'error' : days < WARNING ? 'warning' : 'ok'
}

/** @param {number} days */
function wordsOf (days) {
  return days < 0 ? 'expired' : days < 1 ? 'less than a day' : `${some(Math.floor(days), 'day')} left`
}

/** @param {{ certificates: import('../../../src/messages/index.ts').SitesView['certificates'] }} props */
export function Certificates ({ certificates }) {
  const sorted = [...certificates].sort((a, b) => a.daysLeft - b.daysLeft)
  return html`<section class="card"><div class="card-head"><h2>Certificates</h2></div>
    ${sorted.length === 0 && html`<${Empty} title="No certificate is served" />`}
    ${sorted.length > 0 && html`<ul class="lines">${sorted.map(({ listener, names, validTo, daysLeft }) => html`<li key=${`${listener} ${names.join()} ${validTo}`}>
      <span class="strong">${names.join(', ')}</span> <${Badge} kind=${kindOf(daysLeft)}>${wordsOf(daysLeft)}<//>
      <span class="muted figure">${listener} · until ${dateTime(validTo).slice(0, 16)}</span></li>`)}</ul>`}
  </section>`
}
