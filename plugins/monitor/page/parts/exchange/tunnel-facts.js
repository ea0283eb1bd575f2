// What did its WebSocket do?
import { html } from '../../preact.js'
import { codeWords } from '../web-socket/close-codes.js'
import { bytes, count, duration, some } from '../numbers.js'

/** @param {{ tunnel: NonNullable<import('../../../src/messages/index.ts').Story['tunnel']> }} props */
export function TunnelFacts ({ tunnel }) {
  const { received, sent } = tunnel
  return html`<h3 class="story-head">Its WebSocket</h3>
    <dl class="facts">
      <dt>Handshake</dt><dd>${duration(tunnel.handshakeTime)} over HTTP/${tunnel.http}</dd>
      <dt>Sub-protocol</dt><dd>${tunnel.subprotocol ?? 'none'}</dd>
      <dt>Extensions</dt><dd>${tunnel.extensions ?? 'none'}</dd>
      <dt>From the client</dt><dd>${some(received.messages, 'message')}, ${bytes(received.bytes)}, ${count(received.pings)} pings</dd>
      <dt>To the client</dt><dd>${some(sent.messages, 'message')}, ${bytes(sent.bytes)}, ${count(sent.pings)} pings</dd>
      <dt>Ended</dt><dd>${tunnel.ending === null ? 'not yet' : ended(tunnel)}</dd>
    </dl>`
}

/** @param {NonNullable<import('../../../src/messages/index.ts').Story['tunnel']>} tunnel */
function ended ({ closedBy, closeCode, closeReason, ending, limit }) {
  const by = `by the ${closedBy ?? 'client'}`
  const how = closeCode === null ? `without a Close frame, by ${ending === 'end' ? 'the end of the connection' : ending}` : `with ${codeWords(closeCode)}`
  return `${by} ${how}${closeReason === null || closeReason === '' ? '' : `: ${closeReason}`}${limit === null ? '' : ` (its limit: ${limit})`}`
}
