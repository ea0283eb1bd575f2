// Which rules have changed requests, and how often?
import { html } from '../../preact.js'
import { Empty } from '../../parts/empty.js'
import { filterBy, ViewLink } from '../../parts/link.js'
import { age, count, dateTime } from '../../parts/numbers.js'
import { Table } from '../../parts/table/table.js'

/** @typedef {import('../../../src/messages/index.ts').SitesView['rules'][number]} Rule */

/** @type {ReadonlyArray<import('../../parts/table/table.js').Column<Rule>>} */
const COLUMNS = [
  { name: 'rule', title: 'Rule', by: rule => rule.rule, cell: rule => html`<${ViewLink} to="exchanges" params=${{ filter: filterBy('rule', rule.rule) }}>${rule.rule}<//>` },
  { name: 'matches', title: 'Matches', number: true, by: rule => rule.matches, cell: rule => count(rule.matches) },
  { name: 'lastAt', title: 'Last', number: true, by: rule => rule.lastAt, cell: rule => html`<span title=${dateTime(rule.lastAt)}>${age(Date.now() - rule.lastAt)} ago</span>` }
]

/** @param {{ rules: readonly Rule[] }} props */
export function Rules ({ rules }) {
  return html`<section class="card"><div class="card-head"><h2>Rules</h2><span class="muted">since the start</span></div>
    <${Table} caption="Rules by how often they matched" columns=${COLUMNS} rows=${rules} sort=${{ by: 'matches', descending: true }} keyOf=${(/** @type {Rule} */ rule) => rule.rule} empty=${html`<${Empty} title="No rule has matched yet" />`} />
  </section>`
}
