// How is one row of a table drawn? Anew only where something of it has changed: of a thousand rows most have not.
import { Component, html } from '../../preact.js'
import { TabStop } from '../link.js'

/**
 * @typedef {object} RowProps
 * @property {string} name its key
 * @property {any} row
 * @property {ReadonlyArray<import('./table.js').Column<any>>} columns
 * @property {boolean} isStop whether Tab goes to it
 * @property {boolean} isOpened
 * @property {boolean} isSelected
 * @property {((row: any) => void) | undefined} onOpen
 * @property {((row: any) => string) | undefined} nameOf
 * @property {((key: string) => void) | undefined} onSelect
 */

/** @extends {Component<RowProps>} */
export class Row extends Component {
  /**
   * @override
   * @param {RowProps} next
   */
  shouldComponentUpdate (next) {
    const { props } = this
    return next.row !== props.row || next.columns !== props.columns || next.isStop !== props.isStop || next.isOpened !== props.isOpened || next.isSelected !== props.isSelected
  }

  /** @override */
  render () {
    const { name, row, columns, isStop, isOpened, isSelected, onOpen, nameOf, onSelect } = this.props
    const tab = isStop ? 0 : -1
    const open = () => { this.props.onOpen?.(row) }
    const select = () => { this.props.onSelect?.(name) }
    const onClick = (/** @type {MouseEvent} */ event) => {
      // A link, a button or a box in the row does what it does; a text that was marked is to be copied.
      if (/** @type {HTMLElement} */ (event.target).closest('a, button, input, select, label') !== null || String(getSelection()) !== '') return
      open()
    }
    const onKeyDown = (/** @type {KeyboardEvent} */ event) => {
      if (event.key !== ' ' || onSelect === undefined || !(event.target instanceof HTMLButtonElement) || event.target.dataset.row === undefined) return
      event.preventDefault()
      select()
    }
    return html`<${TabStop.Provider} value=${onOpen === undefined && onSelect === undefined ? undefined : tab}>
      <tr role="row" data-key=${name} class=${`${onOpen === undefined ? '' : 'opens'}${isOpened ? ' opened' : ''}${isSelected ? ' selected' : ''}`} onClick=${onOpen === undefined ? undefined : onClick} onKeyDown=${onKeyDown}>
        ${onSelect === undefined ? null : html`<td role="cell" class="cell-select"><input type="checkbox" aria-label=${`Select ${nameOf?.(row) ?? name}`} tabIndex=${onOpen === undefined ? tab : -1} data-row=${onOpen === undefined ? '' : undefined} checked=${isSelected} onChange=${select} /></td>`}
        ${columns.map((column, n) => {
          const content = column.cell(row)
          return html`<td key=${column.name} role="cell" class=${`cell-${column.name}${column.number === true ? ' number' : ''}`} data-label=${column.title}>${n === 0 && onOpen !== undefined
            ? html`<button type="button" class="row-open" data-row="" tabIndex=${tab} aria-label=${nameOf?.(row)} onClick=${open}>${content}</button>`
            : content}</td>`
        })}
      </tr>
    <//>`
  }
}
