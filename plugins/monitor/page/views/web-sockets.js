// WebSockets: not there yet.
import { html } from '../preact.js'

/** @param {import('../app.js').ViewProps} _props */
export function WebSocketsView (_props) {
  return html`<h1>WebSockets</h1>`
}
