// What is looked for? A box whose value is kept in the link; `/` goes to it.
import { html, useEffect, useRef, useState } from '../preact.js'

const WAIT = 250

/**
 * A box for a filter. It tells what was typed a quarter of a second after the last letter, and at once for Enter.
 *
 * @param {object} props
 * @param {string} props.value the filter that holds, usually `params.get('filter') ?? ''`
 * @param {(value: string) => void} props.onFilter usually `filter => replaceLink('exchanges', { filter })`
 * @param {string} props.label e.g. `Filter exchanges`
 * @param {string} [props.placeholder] e.g. `site:Shop status:5xx`
 * @param {string | null} [props.mistake] what is wrong with the filter; shown below
 * @param {unknown} [props.children] what may be typed, shown below
 */
export function FilterBox ({ value, onFilter, label, placeholder = '', mistake = null, children }) {
  const [typed, setTyped] = useState(value)
  const timer = useRef(/** @type {ReturnType<typeof setTimeout> | undefined} */ (undefined))
  const told = useRef(value)
  const tell = (/** @type {string} */ text) => {
    clearTimeout(timer.current)
    told.current = text
    onFilter(text)
  }
  // The link has changed by another way than this box.
  useEffect(() => {
    if (value === told.current) return
    told.current = value
    clearTimeout(timer.current)
    setTyped(value)
  }, [value])
  useEffect(() => () => clearTimeout(timer.current), [])
  return html`<form class="filter" role="search" aria-label=${label} onSubmit=${(/** @type {Event} */ event) => { event.preventDefault(); tell(typed) }}>
    <input type="search" data-filter aria-label=${label} aria-invalid=${mistake === null ? undefined : 'true'} aria-keyshortcuts="/" autocomplete="off" spellcheck=${false} placeholder=${placeholder} value=${typed}
      onInput=${(/** @type {any} */ event) => {
        const text = event.target.value
        setTyped(text)
        clearTimeout(timer.current)
        timer.current = setTimeout(() => tell(text), WAIT)
      }}
      onKeyDown=${(/** @type {KeyboardEvent} */ event) => {
        if (event.key !== 'Escape') return
        event.preventDefault()
        if (typed === '') /** @type {HTMLElement} */ (event.target).blur()
        setTyped('')
        tell('')
      }} />
    <kbd aria-hidden="true">/</kbd>
    ${mistake === null ? null : html`<p class="mistake" role="alert">${mistake}</p>`}
    ${children === undefined ? null : html`<p class="hint">${children}</p>`}
  </form>`
}
