// Which processes serve together?
import { html } from '../../preact.js'
import { Badge } from '../../parts/badge.js'
import { connection } from '../../parts/connection.js'
import { filterBy, ViewLink } from '../../parts/link.js'
import { age, count, dateTime, NONE } from '../../parts/numbers.js'
import { useStore } from '../../parts/store.js'
import { Table } from '../../parts/table/table.js'

/** @typedef {import('../../../src/messages/index.ts').WorkerRow} WorkerRow */

/** @type {ReadonlyArray<import('../../parts/table/table.js').Column<WorkerRow>>} */
const COLUMNS = [
  { name: 'number', title: 'Worker', by: row => row.number, cell: row => html`<strong>${row.number}</strong>` },
  { name: 'pid', title: 'Process', number: true, by: row => row.pid, cell: row => html`<${ViewLink} to="exchanges" params=${{ filter: filterBy('worker', row.pid) }}>${row.pid}<//>` },
  { name: 'generation', title: 'Generation', number: true, by: row => row.generation, cell: row => row.generation },
  { name: 'since', title: 'Up', number: true, by: row => row.since, cell: row => row.since === null ? NONE : html`<span title=${dateTime(row.since)}>${age(Date.now() - row.since)}</span>` },
  { name: 'open', title: 'WebSockets', number: true, by: row => row.open, cell: row => html`<${ViewLink} to="webSockets" params=${{ filter: filterBy('worker', row.pid) }}>${count(row.open)}<//>` },
  { name: 'state', title: 'State', cell: row => row.answers ? html`<${Badge} kind=${row.leaving ? 'off' : 'ok'}>${row.leaving ? 'leaving' : 'serving'}<//>` : html`<${Badge} kind="error">does not answer<//>` }
]

export function Workers () {
  const { workers } = useStore(connection)
  if (workers.length === 0) return null
  return html`<section class="card workers"><div class="card-head"><h2>Workers</h2><span class="muted">all that is shown is of all of them</span></div>
    <${Table} caption="Workers" columns=${COLUMNS} rows=${workers} keyOf=${(/** @type {WorkerRow} */ row) => String(row.pid)} />
  </section>`
}
