// Which of a few? A row of radio buttons, or one switch.
import { html, useMemo } from '../preact.js'

let last = 0

/**
 * One of a few values, all of them seen at once. Arrow keys change it.
 *
 * @param {object} props
 * @param {string} props.label what it chooses, for screen readers
 * @param {ReadonlyArray<{ value: string, title: string }>} props.options
 * @param {string} props.value
 * @param {(value: string) => void} props.onChange
 * @param {boolean} [props.disabled]
 */
export function Segments ({ label, options, value, onChange, disabled = false }) {
  const name = useMemo(() => `segments-${++last}`, [])
  return html`<fieldset class="segments" disabled=${disabled}><legend class="unseen">${label}</legend>${options.map(option => html`
    <label key=${option.value}><input type="radio" name=${name} value=${option.value} checked=${option.value === value} onChange=${() => onChange(option.value)} /><span>${option.title}</span></label>`)}</fieldset>`
}

/**
 * On or off.
 *
 * @param {object} props
 * @param {unknown} props.children its label
 * @param {boolean} props.checked
 * @param {(checked: boolean) => void} props.onChange
 * @param {boolean} [props.disabled]
 */
export function Switch ({ children, checked, onChange, disabled = false }) {
  return html`<button class="switch" type="button" role="switch" aria-checked=${String(checked)} disabled=${disabled} onClick=${() => onChange(!checked)}><span class="switch-track" aria-hidden="true"></span>${children}</button>`
}
