// Which sites, listeners, certificates and rules are there, and what do the rules make of a URL?
import { html } from '../preact.js'
import { useView } from '../parts/stream.js'

/** @param {import('../app.js').ViewProps} _props */
export function SitesView (_props) {
  const sites = useView('sites')
  return html`<h1>Sites</h1><p>${sites === null ? 'Connecting …' : `${sites.sites.length} sites`}</p>`
}
