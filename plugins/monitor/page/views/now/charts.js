// Which charts are there? Five, over the same time.
import { html } from '../../preact.js'
import { Chart } from '../../parts/charts/chart.js'
import { bytesPerSecond, count, duration, rate } from '../../parts/numbers.js'

/** @typedef {import('../../parts/charts/history.js').Lists} Lists */

/** @type {ReadonlyArray<{ title: string, format: (value: number | null | undefined) => string, series: ReadonlyArray<{ name: Exclude<keyof Lists, 'at'>, title: string, colour: string, filled?: boolean, dash?: readonly number[] }> }>} */
export const CHARTS = [
  { title: 'Requests per second', format: rate, series: [{ name: 'requests', title: 'Requests', colour: '--series-1', filled: true }, { name: 'handshakes', title: 'Handshakes', colour: '--series-2' }] },
  { title: 'Open WebSockets', format: count, series: [{ name: 'open', title: 'Open', colour: '--series-4', filled: true }] },
  { title: 'Bytes per second', format: bytesPerSecond, series: [{ name: 'received', title: 'Received', colour: '--series-1' }, { name: 'sent', title: 'Sent', colour: '--series-2', filled: true }] },
  { title: 'Times', format: duration, series: [{ name: 'p50', title: 'p50', colour: '--series-1' }, { name: 'p95', title: 'p95', colour: '--series-3' }, { name: 'p99', title: 'p99', colour: '--series-2', dash: [4, 3] }] },
  { title: 'Errors per second', format: rate, series: [{ name: 'clientErrors', title: '4xx', colour: '--series-warning' }, { name: 'serverErrors', title: '5xx', colour: '--series-error', filled: true }] }
]

/**
 * @param {object} props
 * @param {Lists} props.lists
 * @param {number} props.span ms
 * @param {number} props.version
 */
export function Charts ({ lists, span, version }) {
  return html`<div class="charts">${CHARTS.map(({ title, format, series }) => html`<${Chart} key=${title} title=${title} at=${lists.at} format=${format} span=${span} version=${version} sync="now" series=${series.map(one => ({ ...one, values: lists[one.name] }))} />`)}</div>`
}
