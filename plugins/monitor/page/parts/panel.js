// What is shown above the view? A native dialog: at the side, for one row of a table, or in the middle, for a question.
import { html, useLayoutEffect, useMemo, useRef } from '../preact.js'

let last = 0

/**
 * A dialog, open as long as it is rendered. The browser keeps the focus in it; Esc, the button and a click beside it close it, and the focus goes back to where it was.
 *
 * @param {object} props
 * @param {string} props.title
 * @param {() => void} props.onClose takes it away
 * @param {boolean} [props.middle] in the middle instead of at the side
 * @param {unknown} [props.actions] buttons, at its lower edge
 * @param {unknown} props.children
 */
export function Panel ({ title, onClose, middle = false, actions, children }) {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null))
  const id = useMemo(() => `panel-${++last}`, [])
  useLayoutEffect(() => {
    const element = dialog.current
    const before = document.activeElement
    element?.showModal()
    return () => {
      element?.close()
      if (document.activeElement === document.body || document.activeElement === null) {
        // What opened it may be gone, a row of a table for one.
        const back = before instanceof HTMLElement && before.isConnected && before !== document.body ? before : document.querySelector('main')
        if (back instanceof HTMLElement) back.focus({ preventScroll: true })
      }
    }
  }, [])
  // What stands before it in the page may come and go, and a dialog that is moved is no longer modal.
  useLayoutEffect(() => {
    const element = dialog.current
    if (element === null || !element.open || element.matches(':modal')) return
    element.close()
    element.showModal()
  })
  return html`<dialog ref=${dialog} class=${middle ? 'panel middle' : 'panel side'} aria-labelledby=${id}
    onCancel=${(/** @type {Event} */ event) => { event.preventDefault(); onClose() }}
    onClick=${(/** @type {MouseEvent} */ event) => { if (event.target === dialog.current) onClose() }}>
    <div class="panel-inside">
      <header class="panel-head"><h2 id=${id} tabIndex=${-1} autofocus>${title}</h2><button class="quiet" type="button" aria-label="Close" title="Close (Esc)" onClick=${onClose}>×</button></header>
      <div class="panel-body">${children}</div>
      ${actions === undefined ? null : html`<footer class="panel-foot">${actions}</footer>`}
    </div>
  </dialog>`
}
