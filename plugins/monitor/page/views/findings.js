// Findings: not there yet.
import { html } from '../preact.js'

/** @param {import('../app.js').ViewProps} _props */
export function FindingsView (_props) {
  return html`<h1>Findings</h1>`
}
