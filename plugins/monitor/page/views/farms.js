// Farms: not there yet.
import { html } from '../preact.js'

/** @param {import('../app.js').ViewProps} _props */
export function FarmsView (_props) {
  return html`<h1>Farms</h1>`
}
