// Which sites are there, and by which bindings does a request reach them?
import { html } from '../../preact.js'
import { Badge } from '../../parts/badge.js'
import { Empty } from '../../parts/empty.js'
import { filterBy, ViewLink } from '../../parts/link.js'
import { some } from '../../parts/numbers.js'
import { Table } from '../../parts/table/table.js'

/** @typedef {import('../../../src/messages/index.ts').SitesView['sites'][number]} Site */

/** @param {Site['bindings'][number]} binding */
export function bindingText ({ protocol, host, port, address }) {
  return `${protocol ?? 'http(s)'}://${host}${port === null ? '' : `:${port}`}${address === null ? '' : ` at ${address}`}`
}

/** @type {ReadonlyArray<import('../../parts/table/table.js').Column<Site>>} */
const COLUMNS = [
  { name: 'name', title: 'Site', by: site => site.name, cell: site => html`<${ViewLink} to="exchanges" params=${{ filter: filterBy('site', site.name) }} class="strong">${site.name}<//>` },
  { name: 'id', title: 'Id', number: true, by: site => site.id, cell: site => site.id },
  { name: 'enabled', title: 'State', by: site => site.enabled ? 0 : 1, cell: site => site.enabled ? html`<${Badge} kind="ok">served<//>` : html`<${Badge} kind="off">off<//>` },
  { name: 'bindings', title: 'Bindings', cell: site => html`<ul class="bindings">${site.bindings.map(binding => html`<li key=${bindingText(binding)}><code>${bindingText(binding)}</code></li>`)}</ul>` },
  { name: 'sockets', title: 'See also', cell: site => html`<${ViewLink} to="webSockets" params=${{ filter: filterBy('site', site.name) }}>WebSockets<span class="unseen"> of ${site.name}</span><//>` }
]

/** @param {{ sites: readonly Site[] }} props */
export function SiteList ({ sites }) {
  return html`<section class="card"><div class="card-head"><h2>Sites</h2><span class="muted">${some(sites.length, 'site')}</span></div>
    <${Table} caption="Sites" columns=${COLUMNS} rows=${sites} keyOf=${(/** @type {Site} */ site) => String(site.id)} empty=${html`<${Empty} title="No site is configured" />`} />
  </section>`
}
