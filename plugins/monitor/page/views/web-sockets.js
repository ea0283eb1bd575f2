// Which WebSockets are open? Sorted and filtered by the server: there may be many thousands.
import { html, useEffect, useState } from '../preact.js'
import { Empty } from '../parts/empty.js'
import { FilterBox } from '../parts/filter-box.js'
import { replaceLink } from '../parts/link.js'
import { count, some } from '../parts/numbers.js'
import { useView } from '../parts/stream.js'
import { Table } from '../parts/table/table.js'
import { CloseDialog } from '../parts/web-socket/close-dialog.js'
import { COLUMNS, nameOf, WORKER_COLUMNS } from '../parts/web-socket/columns.js'
import { FramesPanel } from '../parts/web-socket/frames-panel.js'

/** @typedef {import('../../src/messages/index.ts').WebSocketRow} WebSocketRow */
/** @typedef {import('../../src/messages/index.ts').WebSocketOrder} WebSocketOrder */

const FEW = 100
const MOST = 500

/** @param {import('../app.js').ViewProps} props */
export function WebSocketsView ({ hello, params }) {
  const filter = params.get('filter') ?? ''
  const sort = { by: params.get('sort') ?? 'since', descending: params.get('descending') !== null }
  const limit = params.get('limit') === String(MOST) ? MOST : FEW
  const opened = params.get('open')
  const view = useView('webSockets', { filter, sort: sort.by, descending: sort.descending, limit })
  const [selected, setSelected] = useState(/** @type {ReadonlySet<string>} */ (new Set()))
  const [closing, setClosing] = useState(/** @type {'selected' | 'matching' | null} */ (null))
  useEffect(() => { setSelected(new Set()) }, [filter])
  const go = (/** @type {import('../parts/link.js').Params} */ change) => replaceLink('webSockets', { filter, sort: sort.by, descending: sort.descending, limit: limit === FEW ? '' : limit, open: opened, ...change })

  if (hello !== null && !hello.has.webSockets) return html`<div class="view-head"><h1>WebSockets</h1></div><${Empty} title="Nobody tells of WebSockets">With <code>@fastify-arr/upstream-proxy</code> in this server, those that pass through it are shown here.<//>`
  const rows = view?.rows ?? []
  const mayClose = hello?.actions === true
  return html`<div class="view-head">
      <h1>WebSockets</h1>
      <${FilterBox} value=${filter} onFilter=${(/** @type {string} */ next) => go({ filter: next })} label="Filter WebSockets" placeholder="client:10.0. upstream:8080" />
      <p class="muted figure" role="status">${view === null ? '' : view.matching === view.open ? `${count(view.open)} open` : `${count(view.matching)} of ${some(view.open, 'open WebSocket')}`}</p>
      ${mayClose
        ? html`<div class="push buttons">
            <button type="button" class="control" disabled=${selected.size === 0} onClick=${() => setClosing('selected')}>Close ${selected.size === 0 ? 'selected' : count(selected.size)} …</button>
            <button type="button" class="control" disabled=${view === null || view.matching === 0} onClick=${() => setClosing('matching')}>Close all ${view === null ? '' : count(view.matching)} …</button>
          </div>`
        : html`<p class="muted push">With the option <code>actions: true</code>, they can be closed from here.</p>`}
    </div>
    <${Table} caption="Open WebSockets" tall columns=${hello?.worker === undefined ? COLUMNS : WORKER_COLUMNS} rows=${rows} keyOf=${keyOf} nameOf=${nameOf} sort=${sort} onSort=${(/** @type {import('../parts/table/table.js').Sort} */ next) => go({ sort: next.by, descending: next.descending })}
      opened=${opened} onOpen=${(/** @type {WebSocketRow} */ row) => go({ open: row.id })} selected=${mayClose ? selected : undefined} onSelect=${mayClose ? setSelected : undefined}
      empty=${view === null ? html`<${Empty} title="Connecting …" />` : html`<${Empty} title=${filter === '' ? 'No WebSocket is open' : 'No open WebSocket that this filter names'} />`} />
    ${view !== null && view.matching > rows.length && limit === FEW ? html`<p class="more"><button type="button" class="control" onClick=${() => go({ limit: MOST })}>Show ${count(Math.min(MOST, view.matching))}</button></p>` : null}
    ${view !== null && view.matching > MOST && limit === MOST ? html`<p class="more muted">The first ${count(rows.length)} of ${count(view.matching)}: a filter shows the others.</p>` : null}
    ${opened === null ? null : html`<${FramesPanel} key=${opened} id=${opened} onClose=${() => go({ open: null })} />`}
    ${closing === null ? null : html`<${CloseDialog} ids=${closing === 'selected' ? [...selected] : null} filter=${filter} count=${closing === 'selected' ? selected.size : view?.matching ?? 0} onClose=${() => setClosing(null)} onDone=${() => { setClosing(null); setSelected(new Set()) }} />`}`
}

/** @param {WebSocketRow} row */
const keyOf = row => row.id
