// What are the numbers of this second? Tiles, each with the line of its last five minutes.
import { html } from '../../preact.js'
import { Sparkline } from '../../parts/charts/sparkline.js'
import { ViewLink } from '../../parts/link.js'
import { bytesPerSecond, count, duration, NONE, rate } from '../../parts/numbers.js'

/** @typedef {import('../../../src/messages/index.ts').NowView} Now */
/** @typedef {import('../../parts/charts/history.js').History} History */

/** @type {ReadonlyArray<{ name: Exclude<keyof Now['point'], 'at'> | 'inFlight', title: string, format: (value: number | null | undefined) => string, colour: string, to?: string, hint?: string }>} */
const TILES = [
  { name: 'requests', title: 'Requests/s', format: rate, colour: '--series-1', to: 'exchanges' },
  { name: 'handshakes', title: 'Handshakes/s', format: rate, colour: '--series-2', hint: 'WebSockets that were asked for' },
  { name: 'open', title: 'WebSockets', format: count, colour: '--series-4', to: 'webSockets', hint: 'Open now' },
  { name: 'inFlight', title: 'In flight', format: count, colour: '--series-4', hint: 'Exchanges that are not over, open WebSockets included' },
  { name: 'received', title: 'Received', format: bytesPerSecond, colour: '--series-1', hint: 'From clients' },
  { name: 'sent', title: 'Sent', format: bytesPerSecond, colour: '--series-2', hint: 'To clients' },
  { name: 'p50', title: 'p50', format: duration, colour: '--series-1', hint: 'Half of the requests of this second took less' },
  { name: 'p95', title: 'p95', format: duration, colour: '--series-3', hint: '95 of 100 requests of this second took less' },
  { name: 'p99', title: 'p99', format: duration, colour: '--series-2', hint: '99 of 100 requests of this second took less' }
]

/**
 * @param {object} props
 * @param {Now | null} props.now
 * @param {History} props.history
 * @param {readonly number[]} props.inFlight of the seconds since the view was opened
 */
export function Tiles ({ now, history, inFlight }) {
  return html`<dl class="tiles">${TILES.map(({ name, title, format, colour, to, hint }) => html`<div class="tile card" key=${name} title=${hint}>
    <dt>${to === undefined ? title : html`<${ViewLink} to=${to}>${title}<//>`}</dt>
    <dd><span class="tile-value value figure">${now === null ? NONE : format(name === 'inFlight' ? now.inFlight : now.point[name])}</span><${Sparkline} colour=${colour} values=${name === 'inFlight' ? inFlight : history.seconds[name]} /></dd>
  </div>`)}</dl>`
}
