// Which headers does the request that is tried have? Rows of names and values, Host first.
import { html } from '../../preact.js'

/** @typedef {{ readonly name: string, readonly value: string }} Header */

/**
 * @param {object} props
 * @param {readonly Header[]} props.headers
 * @param {(headers: readonly Header[]) => void} props.onChange
 */
export function HeaderRows ({ headers, onChange }) {
  const change = (/** @type {number} */ at, /** @type {Partial<Header>} */ part) => onChange(headers.map((header, n) => n === at ? { ...header, ...part } : header))
  const typed = (/** @type {any} */ event) => event.target.value
  return html`<fieldset class="header-rows"><legend>Headers</legend>
    ${headers.map(({ name, value }, n) => html`<div class="header-row" key=${n}>
      <input type="text" class="mono" aria-label=${`Name of header ${n + 1}`} placeholder="Name" spellcheck=${false} autocomplete="off" readonly=${n === 0} value=${name} onInput=${(/** @type {Event} */ event) => change(n, { name: typed(event) })} />
      <input type="text" class="mono" aria-label=${n === 0 ? 'Host' : `Value of header ${n + 1}`} placeholder="Value" spellcheck=${false} autocomplete="off" value=${value} onInput=${(/** @type {Event} */ event) => change(n, { value: typed(event) })} />
      ${n === 0 ? html`<span></span>` : html`<button type="button" class="quiet" aria-label=${`Leave out header ${n + 1}`} onClick=${() => onChange(headers.filter((_, other) => other !== n))}>×</button>`}
    </div>`)}
    <button type="button" class="as-link" onClick=${() => onChange([...headers, { name: '', value: '' }])}>Add a header</button>
  </fieldset>`
}
