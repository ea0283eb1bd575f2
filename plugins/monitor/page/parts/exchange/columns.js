// What is shown of an exchange in its row?
import { html } from '../../preact.js'
import { Badge, Status } from '../badge.js'
import { filterBy, ViewLink } from '../link.js'
import { clock, duration, NONE } from '../numbers.js'
import { withWorker } from '../worker.js'

/** @typedef {import('../../../src/messages/index.ts').ExchangeRow} ExchangeRow */

/** @param {ExchangeRow} row */
export const nameOf = row => `${row.method} ${row.host}${row.path}, ${row.status ?? 'no status'}, ${clock(row.at)}`

/**
 * A link to the exchanges with the same value.
 *
 * @param {string} name
 * @param {string | null} value
 */
const same = (name, value) => value === null || value === '' ? NONE : html`<${ViewLink} to="exchanges" params=${{ filter: filterBy(name, value) }}>${value}<//>`

/** @type {ReadonlyArray<import('../table/table.js').Column<ExchangeRow>>} */
export const COLUMNS = [
  { name: 'at', title: 'Time', cell: row => html`<span class="figure">${clock(row.at)}</span>` },
  { name: 'method', title: 'Method', cell: row => row.method },
  { name: 'url', title: 'Host and path', cell: row => html`<span><span class="muted">${row.host}</span>${row.path}</span>` },
  { name: 'status', title: 'Status', cell: row => html`<span><${Status} status=${row.status} />${row.error === null && row.rejection === null ? null : html` <span class="reason" title=${row.error ?? row.rejection ?? ''}>${short(row.error ?? row.rejection ?? '')}</span>`}</span>` },
  { name: 'time', title: 'Took', number: true, cell: row => duration(row.time) },
  { name: 'client', title: 'Client', cell: row => same('client', row.client) },
  { name: 'rule', title: 'Rule', cell: row => same('rule', row.rule) },
  { name: 'upstream', title: 'Upstream', cell: row => row.farm === null ? same('upstream', row.upstream) : html`<span><span class="muted">${row.farm} · </span>${same('server', row.server)}</span>` },
  { name: 'webSocket', title: 'WebSocket', cell: WebSocketState }
]

/** @param {ExchangeRow} row */
function WebSocketState ({ webSocket, closeCode }) {
  if (webSocket === null) return ''
  if (webSocket === 'open') return html`<${Badge} kind="ok">open<//>`
  return webSocket === 'refused' ? html`<${Badge} kind="error">refused<//>` : html`<${Badge} kind=${closeCode === null ? 'warning' : 'off'}>${closeCode === null ? 'no Close frame' : `closed ${closeCode}`}<//>`
}

/** @param {string} code `FST_ARR_UPSTREAM_REFUSED` is `UPSTREAM_REFUSED` */
export const short = code => code.replace(/^FST_(?:ARR_)?/, '')

/** Where there are several workers. */
export const WORKER_COLUMNS = withWorker(COLUMNS, 'exchanges')
