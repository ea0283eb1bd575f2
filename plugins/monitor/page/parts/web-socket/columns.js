// What is shown of an open WebSocket in its row?
import { html } from '../../preact.js'
import { filterBy, ViewLink } from '../link.js'
import { withWorker } from '../worker.js'
import { age, bytes, bytesPerSecond, count, NONE, rate } from '../numbers.js'

/** @typedef {import('../../../src/messages/index.ts').WebSocketRow} WebSocketRow */
/** @typedef {import('../../../src/messages/index.ts').FlowRow} FlowRow */

/** @param {WebSocketRow} row */
export const nameOf = row => `${age(Date.now() - row.since)}, WebSocket of ${row.client}, ${row.host}${row.path}`

/**
 * @param {string} name
 * @param {string | null} value
 * @param {string | null} [shown]
 */
const same = (name, value, shown = value) => value === null || value === '' ? NONE : html`<${ViewLink} to="webSockets" params=${{ filter: filterBy(name, value) }}>${shown}<//>`

/** @param {FlowRow} flow */
const flow = flow => html`<span>${bytes(flow.bytes)} <span class="muted">${flow.bytesPerSecond === 0 ? '' : bytesPerSecond(flow.bytesPerSecond)}</span></span>`

/** @type {ReadonlyArray<import('../table/table.js').Column<WebSocketRow>>} */
export const COLUMNS = [
  { name: 'since', title: 'Open for', sortable: true, number: true, cell: row => age(Date.now() - row.since), hint: 'Since its 101' },
  { name: 'silence', title: 'Silent for', sortable: true, number: true, cell: row => html`<span class=${row.silence >= 60_000 ? 'silent' : ''}>${age(row.silence)}</span>`, hint: 'Since bytes last passed, either way' },
  { name: 'client', title: 'Client', sortable: true, cell: row => html`<span>${same('client', row.client)}${row.key === null ? '' : html` <span class="muted">${row.key}</span>`}</span>` },
  { name: 'site', title: 'Site', sortable: true, cell: row => same('site', row.site) },
  { name: 'url', title: 'Host and path', cell: row => html`<span><span class="muted">${row.host}</span>${row.path}</span>` },
  { name: 'upstream', title: 'Upstream', sortable: true, cell: row => row.farm === null ? same('upstream', row.upstream, row.upstream.replace(/^https?:\/\//, '')) : html`<span><${ViewLink} to="farms">${row.farm}<//> <span class="muted">·</span> ${same('server', row.server)}</span>` },
  { name: 'protocol', title: 'Sub-protocol', cell: row => row.protocol === 'websocket' ? row.subprotocol ?? NONE : html`<em>${row.protocol}</em>` },
  { name: 'extensions', title: 'Extensions', cell: row => html`<span title=${row.extensions ?? ''}>${row.extensions === null ? NONE : row.extensions.startsWith('permessage-deflate') ? 'deflate' : row.extensions.split(';')[0]}</span>` },
  { name: 'http', title: 'HTTP', cell: row => row.http },
  { name: 'messages', title: 'Messages', sortable: true, number: true, cell: row => html`<span>${count(row.received.messages)} ↑ ${count(row.sent.messages)} ↓ <span class="muted">${row.received.messagesPerSecond + row.sent.messagesPerSecond === 0 ? '' : `${rate(row.received.messagesPerSecond + row.sent.messagesPerSecond)}/s`}</span></span>`, hint: 'From the client ↑, to the client ↓' },
  { name: 'received', title: 'From client', sortable: true, number: true, cell: row => flow(row.received) },
  { name: 'sent', title: 'To client', sortable: true, number: true, cell: row => flow(row.sent) }
]

/** Where there are several workers. */
export const WORKER_COLUMNS = withWorker(COLUMNS, 'webSockets')
