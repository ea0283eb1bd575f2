// Where do connections come in?
import { html } from '../../preact.js'
import { Empty } from '../../parts/empty.js'

/** @param {{ listeners: import('../../../src/messages/index.ts').SitesView['listeners'] }} props */
export function Listeners ({ listeners }) {
  return html`<section class="card"><div class="card-head"><h2>Listeners</h2></div>
    ${listeners.length === 0 && html`<${Empty} title="No listener is open" />`}
    ${listeners.length > 0 && html`<ul class="lines">${listeners.map(({ name, label, protocol, url }) => html`<li key=${url}>
      <span class="strong">${name}</span> <code>${url}</code>
      <span class="muted">${protocol === 'https' ? 'TLS' : 'no TLS'}${label === null ? '' : ` · ${label}`}</span></li>`)}</ul>`}
  </section>`
}
