// What do the charts say, in numbers? A table, for those who don't see lines and for those who copy values.
import { html, useMemo } from '../../preact.js'
import { mean } from '../../parts/charts/history.js'
import { clock } from '../../parts/numbers.js'
import { Panel } from '../../parts/panel.js'
import { Table } from '../../parts/table/table.js'
import { CHARTS } from './charts.js'

/** @typedef {import('../../parts/charts/history.js').Point} Point */

/** @type {ReadonlyArray<import('../../parts/table/table.js').Column<Point>>} */
const COLUMNS = [
  { name: 'at', title: 'From', cell: point => clock(point.at), by: point => point.at },
  ...CHARTS.flatMap(({ format, series }) => series.map(({ name, title }) => ({ name, title, number: true, cell: (/** @type {Point} */ point) => format(point[name]), by: (/** @type {Point} */ point) => point[name] })))
]

/**
 * @param {object} props
 * @param {string} props.title
 * @param {import('../../parts/charts/history.js').Lists} props.lists
 * @param {number} props.every ms that make one row
 * @param {() => void} props.onClose
 */
export function ChartTable ({ title, lists, every, onClose }) {
  // The values of the moment when it was opened: rows that move can't be read.
  const rows = useMemo(() => {
    const found = []
    for (let to = lists.at.length; to > 0;) {
      const at = Math.floor(/** @type {number} */ (lists.at[to - 1]) / every) * every
      let from = to - 1
      while (from > 0 && /** @type {number} */ (lists.at[from - 1]) >= at) from--
      found.push({ ...mean(lists, from, to), at })
      to = from
    }
    return found
  }, [])
  return html`<${Panel} title=${title} onClose=${onClose}><${Table} caption=${title} columns=${COLUMNS} rows=${rows} keyOf=${(/** @type {Point} */ point) => String(point.at)} /><//>`
}
