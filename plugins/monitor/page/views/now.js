// What happens now?
import { html } from '../preact.js'
import { useView } from '../parts/stream.js'

/** @param {import('../app.js').ViewProps} _props */
export function NowView (_props) {
  const now = useView('now')
  return html`<h1>Now</h1><p>${now === null ? 'Connecting …' : `${now.point.requests} requests a second`}</p>`
}
