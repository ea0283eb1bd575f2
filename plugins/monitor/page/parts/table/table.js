// How are many things shown? A table: sorted by its head, opened and selected by keys, and a list of cards where it is narrow.
import { html, useLayoutEffect, useMemo, useRef, useState } from '../../preact.js'
import { Row } from './row.js'
import { sortRows } from './sort.js'

/**
 * @template Row
 * @typedef {object} Column
 * @property {string} name stands in `sort.by` and in the cell's class: `cell-NAME`
 * @property {string} title
 * @property {(row: Row) => unknown} cell text, a number or what `html` makes
 * @property {boolean} [number] set to the right, with digits of equal width
 * @property {(row: Row) => string | number | null} [by] what its order goes by, where the table sorts by itself
 * @property {boolean} [sortable] whether the server can sort by it, where `onSort` is given
 * @property {string} [hint] a tooltip for its head
 */

/** @typedef {{ by: string, descending: boolean }} Sort */

/**
 * @template Row
 * @typedef {object} TableProps
 * @property {string} caption which things they are; read out, not seen
 * @property {ReadonlyArray<Column<Row>>} columns a constant of the module: with a new list each row is drawn anew. The first column with text names the row
 * @property {readonly Row[]} rows
 * @property {(row: Row) => string} keyOf
 * @property {Sort | null} [sort] how they are sorted; with `onSort` the server has done it, without the table begins so
 * @property {(sort: Sort) => void} [onSort]
 * @property {(row: Row) => void} [onOpen] for Enter and for a click
 * @property {(row: Row) => string} [nameOf] how the row's button is read out; the text of its first cell otherwise
 * @property {string | null} [opened] the key of the row that is shown elsewhere
 * @property {ReadonlySet<string>} [selected] the keys of selected rows; with `onSelect` there is a box in each
 * @property {(selected: ReadonlySet<string>) => void} [onSelect]
 * @property {boolean} [tall] as high as the window allows, with a scroll bar of its own
 * @property {unknown} [empty] what stands in place of the table when there is no row
 */

const STEPS = Object.freeze({ ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10, Home: -Infinity, End: Infinity })

/**
 * Arrow keys, Page up and down, Home and End go from row to row; Enter opens one, Space selects it. Tab goes on to the links of the row.
 *
 * @template Row
 * @param {TableProps<Row>} props
 */
export function Table ({ caption, columns, rows, keyOf, sort = null, onSort, onOpen, nameOf, opened = null, selected, onSelect, tall = false, empty = null }) {
  const [own, setOwn] = useState(sort)
  const [current, setCurrent] = useState(/** @type {string | null} */ (null))
  const body = useRef(/** @type {HTMLElement | null} */ (null))
  const sorting = onSort === undefined ? own : sort
  const shown = useMemo(() => onSort === undefined ? sortRows(rows, columns, own) : rows, [rows, columns, own, onSort === undefined])
  keepFocus(body)

  // The same kind of element as the frame's: what comes to stand behind another one, preact would put before it.
  if (rows.length === 0 && empty !== null) return html`<div>${empty}</div>`
  const keys = shown.map(keyOf)
  const stop = current !== null && keys.includes(current) ? current : keys[0] ?? null
  const isSortable = (/** @type {Column<Row>} */ column) => onSort === undefined ? column.by !== undefined : column.sortable === true
  const sortBy = (/** @type {Column<Row>} */ column) => {
    const next = { by: column.name, descending: sorting?.by === column.name ? !sorting.descending : column.number === true }
    if (onSort === undefined) setOwn(next)
    else onSort(next)
  }
  const onKeyDown = (/** @type {KeyboardEvent} */ event) => {
    const target = /** @type {HTMLElement} */ (event.target)
    const row = target.closest('tr')
    if (row === null || event.altKey || event.ctrlKey || event.metaKey || !Object.hasOwn(STEPS, event.key)) return
    event.preventDefault()
    const at = keys.indexOf(row.dataset.key ?? '')
    const to = Math.min(keys.length - 1, Math.max(0, at + STEPS[/** @type {keyof typeof STEPS} */ (event.key)]))
    const next = body.current?.children[to]
    const focusable = next?.querySelector('[data-row]')
    if (next === undefined || !(focusable instanceof HTMLElement)) return
    setCurrent(keys[to] ?? null)
    focusable.focus({ preventScroll: true })
    next.scrollIntoView({ block: 'nearest' })
  }
  const onSelectRow = onSelect === undefined
    ? undefined
    : (/** @type {string} */ key) => {
        const next = new Set(selected)
        if (!next.delete(key)) next.add(key)
        onSelect(next)
      }
  const isAll = selected !== undefined && keys.length > 0 && keys.every(key => selected.has(key))
  const hasStops = onOpen !== undefined || onSelect !== undefined
  return html`<div class=${`table-frame${tall ? ' tall' : ''}`} role="region" aria-label=${caption} tabIndex=${hasStops ? undefined : 0}>
    <table role="table" aria-label=${caption}>
      <thead role="rowgroup"><tr role="row">
        ${onSelect === undefined ? null : html`<th role="columnheader" class="cell-select"><input type="checkbox" aria-label="Select all" checked=${isAll} onChange=${() => onSelect(new Set(isAll ? [] : keys))} /></th>`}
        ${columns.map(column => html`<th key=${column.name} role="columnheader" scope="col" class=${`cell-${column.name}${column.number === true ? ' number' : ''}${isSortable(column) ? '' : ' fixed'}`} title=${column.hint} aria-sort=${sorting?.by === column.name ? (sorting.descending ? 'descending' : 'ascending') : undefined}>
          ${isSortable(column) ? html`<button type="button" class="sort" onClick=${() => sortBy(column)}>${column.title}<span class="sort-mark" aria-hidden="true">${sorting?.by === column.name ? (sorting.descending ? '↓' : '↑') : ''}</span></button>` : column.title}</th>`)}
      </tr></thead>
      <tbody role="rowgroup" ref=${body} onKeyDown=${onKeyDown} onFocusIn=${(/** @type {FocusEvent} */ event) => {
        const key = /** @type {HTMLElement} */ (event.target).closest('tr')?.dataset.key
        if (key !== undefined && key !== current) setCurrent(key)
      }}>
        ${shown.map((row, n) => html`<${Row} key=${keys[n]} name=${keys[n]} row=${row} columns=${columns} isStop=${keys[n] === stop} isOpened=${keys[n] === opened} isSelected=${selected?.has(/** @type {string} */ (keys[n])) ?? false} onOpen=${onOpen} nameOf=${nameOf} onSelect=${onSelectRow} />`)}
      </tbody>
    </table>
  </div>`
}

/**
 * A row that is moved loses the focus in browsers; it gets it back.
 *
 * @param {{ current: HTMLElement | null }} body
 */
function keepFocus (body) {
  const active = document.activeElement
  const isInside = active instanceof HTMLElement && body.current?.contains(active) === true
  useLayoutEffect(() => {
    if (isInside && active.isConnected && document.activeElement === document.body) active.focus({ preventScroll: true })
  })
}
