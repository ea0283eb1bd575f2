// What is wrong with many WebSockets at once?
import { html } from '../preact.js'
import { Badge } from '../parts/badge.js'
import { Empty } from '../parts/empty.js'
import { ExampleTable } from '../parts/finding/example-table.js'
import { Silences } from '../parts/finding/silences.js'
import { ViewLink } from '../parts/link.js'
import { count, dateTime, some } from '../parts/numbers.js'
import { useView } from '../parts/stream.js'

/** @typedef {import('../../src/messages/index.ts').Finding} Finding */

/** @param {import('../app.js').ViewProps} props */
export function FindingsView ({ hello }) {
  const view = useView('findings')
  if (hello !== null && !hello.has.webSockets) return html`<div class="view-head"><h1>Findings</h1></div><${Empty} title="Nobody tells of WebSockets">With <code>@fastify-arr/upstream-proxy</code> in this server, what is wrong with them is found here.<//>`
  return html`<div class="view-head"><h1>Findings</h1><p class="muted figure push">${view === null ? '' : `Looked for in the last ${some(view.looked, 'WebSocket')} that ended`}</p></div>
    ${view === null
      ? html`<${Empty} title="Connecting …" />`
      : view.findings.length === 0
        ? html`<${Empty} title="Nothing is wrong that many have in common">WebSockets that are cut after the same silence, that die right after their handshake, that are refused again and again, servers that are out, certificates that end soon: they would stand here.<//>`
        : view.findings.map(finding => html`<${Card} key=${finding.code + finding.sentence} finding=${finding} />`)}`
}

/** @param {{ finding: Finding }} props */
function Card ({ finding }) {
  const { code, severity, sentence, remedy, count: many, first, last, examples, filter } = finding
  return html`<article class="card finding">
    <div class="card-head"><${Badge} kind=${severity}>${severity}<//><h2>${sentence}</h2></div>
    <div class="card-body">
      <p>${remedy}</p>
      <p class="muted figure">${count(many)} times, first ${dateTime(first)}, last ${dateTime(last)}. <code>${code}</code> ${filter === null ? '' : html`<${ViewLink} to="exchanges" params=${{ filter }}>Exchanges like these<//>`}</p>
      ${code === 'CUT_AFTER_SAME_SILENCE' ? html`<${Silences} examples=${examples} />` : null}
      ${examples.length === 0 ? null : html`<details><summary>${some(examples.length, 'example')}</summary><${ExampleTable} examples=${examples} /></details>`}
    </div>
  </article>`
}
