// Which WebSockets were they, for example?
import { html } from '../../preact.js'
import { filterBy, ViewLink } from '../link.js'
import { age, dateTime, NONE } from '../numbers.js'
import { Table } from '../table/table.js'

/** @typedef {import('../../../src/messages/index.ts').EndedWebSocket} EndedWebSocket */

/** @type {ReadonlyArray<import('../table/table.js').Column<EndedWebSocket>>} */
const COLUMNS = [
  { name: 'at', title: 'Ended', by: row => row.at, cell: row => html`<span class="figure">${dateTime(row.at)}</span>` },
  { name: 'life', title: 'Open for', number: true, by: row => row.life, cell: row => age(row.life) },
  { name: 'silence', title: 'Silent for', number: true, by: row => row.silence, cell: row => age(row.silence) },
  { name: 'client', title: 'Client', by: row => row.client, cell: row => html`<${ViewLink} to="exchanges" params=${{ filter: filterBy('client', row.client) }}>${row.client}<//>` },
  { name: 'site', title: 'Site', by: row => row.site, cell: row => row.site ?? NONE },
  { name: 'upstream', title: 'Upstream', by: row => row.upstream, cell: row => row.upstream },
  { name: 'by', title: 'Ended by', cell: row => row.closedBy ?? NONE },
  { name: 'how', title: 'How', cell: row => row.closeCode === null ? `no Close frame, ${row.ending ?? 'end'}` : `Close ${row.closeCode}` }
]

/** @param {{ examples: readonly EndedWebSocket[] }} props */
export function ExampleTable ({ examples }) {
  return html`<${Table} caption="Examples" columns=${COLUMNS} rows=${examples} keyOf=${(/** @type {EndedWebSocket} */ row) => row.id} />`
}
