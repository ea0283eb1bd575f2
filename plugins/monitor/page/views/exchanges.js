// Which exchanges are there? The newest first, as they happen.
import { html, useEffect, useState } from '../preact.js'
import { COLUMNS, nameOf, WORKER_COLUMNS } from '../parts/exchange/columns.js'
import { FILTER_WORDS } from '../parts/exchange/filter-words.js'
import { StoryPanel } from '../parts/exchange/story-panel.js'
import { Empty } from '../parts/empty.js'
import { FilterBox } from '../parts/filter-box.js'
import { replaceLink } from '../parts/link.js'
import { count, some } from '../parts/numbers.js'
import { useMessages } from '../parts/stream.js'
import { Table } from '../parts/table/table.js'

/** @typedef {import('../../src/messages/index.ts').ExchangeRow} ExchangeRow */

/** How many are kept: those before them are gone. */
const MOST = 500

/** @param {import('../app.js').ViewProps} props */
export function ExchangesView ({ hello, params }) {
  const filter = params.get('filter') ?? ''
  const [rows, setRows] = useState(/** @type {readonly ExchangeRow[]} */ ([]))
  const [skipped, setSkipped] = useState(0)
  const [opened, setOpened] = useState(/** @type {string | null} */ (null))
  const clear = () => {
    setRows([])
    setSkipped(0)
  }
  useEffect(clear, [filter])
  useMessages('exchanges', { filter }, view => {
    if (view.rows.length > 0) setRows(before => merged(before, view.rows))
    if (view.skipped > 0) setSkipped(before => before + view.skipped)
  }, {
    // What is told from here on begins with the last ones before it.
    begin: clear
  })

  const isFiltered = filter !== ''
  return html`<div class="view-head">
      <h1>Exchanges</h1>
      <${FilterBox} value=${filter} onFilter=${(/** @type {string} */ next) => replaceLink('exchanges', { filter: next })} label="Filter exchanges" placeholder="host:shop status:5xx -path:/health" />
      <details class="words"><summary>What may be typed</summary><${FilterWords} /></details>
      <p class="muted figure push">${some(rows.length, 'exchange')}${skipped === 0 ? '' : `, ${count(skipped)} more were not shown: there were too many`}</p>
    </div>
    <${Table} caption="Exchanges, the newest first" tall columns=${hello?.worker === undefined ? COLUMNS : WORKER_COLUMNS} rows=${rows} keyOf=${keyOf} nameOf=${nameOf} opened=${opened} onOpen=${(/** @type {ExchangeRow} */ row) => setOpened(row.id)}
      empty=${html`<${Empty} title=${isFiltered ? 'Nothing yet that this filter names' : 'No exchange yet'}>${isFiltered ? 'Those that come are shown here.' : 'The first request to the server appears here.'}<//>`} />
    ${opened === null ? null : html`<${StoryPanel} key=${opened} id=${opened} hello=${hello} onClose=${() => setOpened(null)} />`}`
}

function FilterWords () {
  return html`<dl class="facts">${FILTER_WORDS.map(([word, meaning]) => html`<dt key=${word}><code>${word}</code></dt><dd>${meaning}</dd>`)}</dl>`
}

/** @param {ExchangeRow} row */
const keyOf = row => row.id

/**
 * The opening and the end of a WebSocket are two rows of one exchange.
 *
 * @param {ExchangeRow} row
 */
const exchangeOf = row => row.tunnel ?? row.id

/**
 * The newest first. A WebSocket that has ended takes the place of its opening.
 *
 * @param {readonly ExchangeRow[]} before
 * @param {readonly ExchangeRow[]} come the oldest first
 */
function merged (before, come) {
  const newest = new Map(come.map(row => [exchangeOf(row), row]))
  return [...[...newest.values()].reverse(), ...before.filter(row => !newest.has(exchangeOf(row)))].slice(0, MOST)
}
