// Which of several workers is it? Nothing is shown where one process serves alone.
import { html } from '../preact.js'
import { filterBy, ViewLink } from './link.js'

/** @typedef {import('../../src/messages/index.ts').RowWorker} RowWorker */

/**
 * A link to the rows of the same worker.
 *
 * @param {object} props
 * @param {RowWorker | undefined} props.worker
 * @param {string} props.to the view
 */
export function Worker ({ worker, to }) {
  if (worker === undefined) return null
  return html`<${ViewLink} to=${to} params=${{ filter: filterBy('worker', worker.pid) }} title=${`Worker ${worker.number}, process ${worker.pid}`}>${worker.number} <span class="muted figure">${worker.pid}</span><//>`
}

/**
 * The columns of a table, with that of the worker where there are several.
 *
 * @template {{ readonly worker?: RowWorker }} Row
 * @param {ReadonlyArray<import('./table/table.js').Column<Row>>} columns
 * @param {string} to the view that its links lead to
 * @returns {ReadonlyArray<import('./table/table.js').Column<Row>>}
 */
export function withWorker (columns, to) {
  return [...columns, { name: 'worker', title: 'Worker', cell: row => html`<${Worker} worker=${row.worker} to=${to} />`, hint: 'Its number, and its process' }]
}
