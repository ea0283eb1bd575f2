// What stands where there is nothing? A sentence that says why, and what would change it.
import { html } from '../preact.js'

/**
 * @param {object} props
 * @param {string} props.title e.g. `No open WebSockets`
 * @param {unknown} [props.children] what to do, if anything
 */
export function Empty ({ title, children }) {
  return html`<div class="empty"><p class="empty-title">${title}</p>${children === undefined ? null : html`<p>${children}</p>`}</div>`
}
