// Exchanges: not there yet.
import { html } from '../preact.js'

/** @param {import('../app.js').ViewProps} _props */
export function ExchangesView (_props) {
  return html`<h1>Exchanges</h1>`
}
