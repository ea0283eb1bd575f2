// What passes through one WebSocket? Its frames as they pass: never what is in them.
import { html, useState } from '../../preact.js'
import { filterBy, ViewLink } from '../link.js'
import { age, bytes, bytesPerSecond, dateTime, NONE, rate, some } from '../numbers.js'
import { Panel } from '../panel.js'
import { useMessages } from '../stream.js'
import { FrameLine } from './frame-line.js'

/** @typedef {import('../../../src/messages/index.ts').FrameRow} FrameRow */
/** @typedef {import('../../../src/messages/index.ts').WebSocketRow} WebSocketRow */

const MOST = 500

/** @param {{ id: string, onClose: () => void }} props */
export function FramesPanel ({ id, onClose }) {
  const [rows, setRows] = useState(/** @type {ReadonlyArray<FrameRow & { n: number }>} */ ([]))
  const [webSocket, setWebSocket] = useState(/** @type {WebSocketRow | null} */ (null))
  const [isOver, setOver] = useState(false)
  useMessages('frames', { id }, view => {
    if (view.webSocket === null) setOver(true)
    else setWebSocket(view.webSocket)
    if (view.rows.length > 0) setRows(before => [...before, ...view.rows.map((row, n) => ({ ...row, n: (before.at(-1)?.n ?? 0) + n + 1 }))].slice(-MOST))
  }, { begin: () => { setRows([]) }, missing: () => { setOver(true) } })

  return html`<${Panel} title=${webSocket === null ? 'WebSocket' : `${webSocket.host}${webSocket.path}`} onClose=${onClose}>
    ${isOver ? html`<p class="over" role="status">This WebSocket has ended. <${ViewLink} to="exchanges" params=${{ filter: 'ws' }}>The exchanges<//> tell how.</p>` : null}
    ${webSocket === null ? (isOver ? null : html`<p class="muted" role="status">Loading …</p>`) : html`<${Facts} row=${webSocket} />`}
    <h3 class="story-head">Frames from now on, the newest first</h3>
    ${rows.length === 0 && !isOver ? html`<p class="muted">Nothing has passed since this was opened.</p>` : null}
    <ol class="frames">${rows.toReversed().map((row, at, all) => html`<${FrameLine} key=${row.n} row=${row} before=${all[at + 1] ?? null} />`)}</ol>
  <//>`
}

/** @param {{ row: WebSocketRow }} props */
function Facts ({ row }) {
  const { received, sent } = row
  return html`<dl class="facts">
    ${row.worker === undefined ? null : html`<dt>Worker</dt><dd class="figure">${row.worker.number}, process ${row.worker.pid}</dd>`}
    <dt>Open</dt><dd class="figure">since ${dateTime(row.since)}, silent for ${age(row.silence)}</dd>
    <dt>Client</dt><dd><${ViewLink} to="exchanges" params=${{ filter: filterBy('client', row.client) }}>${row.client}<//> over HTTP/${row.http}${row.key === null ? '' : `, ${row.key}`}</dd>
    <dt>Site, rule</dt><dd>${row.site ?? NONE}, ${row.rule === null ? NONE : html`<${ViewLink} to="exchanges" params=${{ filter: filterBy('rule', row.rule) }}>${row.rule}<//>`}</dd>
    <dt>Upstream</dt><dd>${row.farm === null ? row.upstream : html`<${ViewLink} to="farms">${row.farm}<//> · ${row.server}`}</dd>
    <dt>Sub-protocol</dt><dd>${row.subprotocol ?? 'none'}</dd>
    <dt>Extensions</dt><dd>${row.extensions ?? 'none'}</dd>
    <dt>From the client</dt><dd class="figure">${some(received.messages, 'message')}, ${bytes(received.bytes)}; now ${rate(received.messagesPerSecond)}/s, ${bytesPerSecond(received.bytesPerSecond)}</dd>
    <dt>To the client</dt><dd class="figure">${some(sent.messages, 'message')}, ${bytes(sent.bytes)}; now ${rate(sent.messagesPerSecond)}/s, ${bytesPerSecond(sent.bytesPerSecond)}</dd>
  </dl>`
}
