// Traces: not there yet.
import { html } from '../preact.js'

/** @param {import('../app.js').ViewProps} _props */
export function TracesView (_props) {
  return html`<h1>Traces</h1>`
}
