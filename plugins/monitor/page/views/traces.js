// Which traces were written? Those that the rules of request-trace named.
import { html, useState } from '../preact.js'
import { Badge, Status } from '../parts/badge.js'
import { Empty } from '../parts/empty.js'
import { filterBy, ViewLink } from '../parts/link.js'
import { count, dateTime, duration, NONE } from '../parts/numbers.js'
import { Panel } from '../parts/panel.js'
import { useView } from '../parts/stream.js'
import { withWorker } from '../parts/worker.js'
import { Table } from '../parts/table/table.js'

/** @typedef {import('../../src/messages/index.ts').TraceRow} TraceRow */

/** @type {ReadonlyArray<import('../parts/table/table.js').Column<TraceRow>>} */
const COLUMNS = [
  { name: 'at', title: 'Time', by: row => row.at, cell: row => html`<span class="figure">${dateTime(row.at)}</span>` },
  { name: 'id', title: 'Trace', by: row => row.id, cell: row => html`<code>${row.key}</code>` },
  { name: 'url', title: 'Request', cell: row => html`${row.verb} ${row.url}` },
  { name: 'status', title: 'Status', by: row => row.status, cell: row => html`<span><${Status} status=${row.status} />${row.subStatus === 0 ? '' : html`<span class="muted">.${row.subStatus}</span>`}</span>` },
  { name: 'time', title: 'Took', number: true, by: row => row.time, cell: row => duration(row.time) },
  { name: 'client', title: 'Client', cell: row => html`<${ViewLink} to="exchanges" params=${{ filter: filterBy('client', hostOf(row.client)) }}>${row.client}<//>` },
  { name: 'site', title: 'Site', by: row => row.site, cell: row => html`<${ViewLink} to="exchanges" params=${{ filter: filterBy('site', row.site) }}>${row.site}<//>` },
  { name: 'reason', title: 'Why', by: row => row.reason, cell: row => row.reason.toLowerCase().replaceAll('_', ' ') },
  { name: 'findings', title: 'What is wrong', cell: row => row.findings.length === 0 ? NONE : html`<div>${row.findings.map(({ code, severity, sentence }) => html`<p key=${code}><${Badge} kind=${severity}>${severity}<//> ${sentence}</p>`)}</div>` }
]

const WORKER_COLUMNS = withWorker(COLUMNS, 'exchanges')

/** @param {import('../app.js').ViewProps} props */
export function TracesView ({ hello }) {
  const view = useView('traces')
  const [opened, setOpened] = useState(/** @type {TraceRow | null} */ (null))
  if (hello !== null && !hello.has.traces) return html`<div class="view-head"><h1>Traces</h1></div><${Empty} title="Nobody writes traces">With <code>@fastify-arr/request-trace</code> in this server, the traces that its rules name are shown here.<//>`
  return html`<div class="view-head"><h1>Traces</h1><p class="muted figure push">${view === null ? '' : `${count(view.written)} written since the start${view.lost === 0 ? '' : `, ${count(view.lost)} lost`}`}</p></div>
    <${Table} caption="Traces, the newest first" tall columns=${hello?.worker === undefined ? COLUMNS : WORKER_COLUMNS} rows=${view?.rows ?? []} keyOf=${keyOf} nameOf=${(/** @type {TraceRow} */ row) => `${dateTime(row.at)}, trace ${row.key}: ${row.verb} ${row.url}`} opened=${opened === null ? null : keyOf(opened)} onOpen=${setOpened}
      empty=${html`<${Empty} title=${view === null ? 'Connecting …' : 'No trace yet'}>${view === null ? '' : 'The first exchange that a rule names appears here.'}<//>`} />
    ${opened === null ? null : html`<${Panel} title=${`Trace ${opened.key}`} onClose=${() => setOpened(null)}><iframe class="story" sandbox="" src=${`traces/${opened.key.split('/').map(encodeURIComponent).join('/')}.html${opened.worker === undefined ? '' : `?worker=${opened.worker.pid}`}`} title=${`Trace ${opened.key}`}></iframe><//>`}`
}

/** @param {string} client `192.0.2.7:50123`, `[::1]:50123` */
const hostOf = client => client.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1')

/**
 * Two workers may have traces with the same number.
 *
 * @param {TraceRow} row
 */
const keyOf = row => row.worker === undefined ? row.key : `${row.worker.pid}/${row.key}`
