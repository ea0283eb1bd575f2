// Which sites, listeners, certificates and rules are there, and what do the rules make of a URL?
import { html } from '../preact.js'
import { Empty } from '../parts/empty.js'
import { useView } from '../parts/stream.js'
import { Certificates } from './sites/certificates.js'
import { Listeners } from './sites/listeners.js'
import { Rules } from './sites/rules.js'
import { SiteList } from './sites/site-list.js'
import { TryUrl } from './sites/try-url.js'

/** @param {import('../app.js').ViewProps} props */
export function SitesView ({ hello, params }) {
  const view = useView('sites')
  if (view === null || hello === null) return html`<div class="view-head"><h1>Sites</h1></div>`
  const { has } = hello
  return html`
    <div class="view-head"><h1>Sites</h1></div>
    <div class="sites">
      <div class="sites-wide">
        ${has.sites ? html`<${SiteList} sites=${view.sites} />` : html`<section class="card"><${Empty} title="No table of sites">The plugin host-routing is not registered here: every host is served alike.<//></section>`}
        ${has.explain ? html`<${TryUrl} params=${params} sites=${view.sites} />` : html`<section class="card"><${Empty} title="No rules to try">The plugin url-rewrite is not registered here: no rule changes a URL.<//></section>`}
      </div>
      <div class="sites-narrow">
        ${has.explain || view.rules.length > 0 ? html`<${Rules} rules=${view.rules} />` : null}
        ${has.listeners ? html`<${Listeners} listeners=${view.listeners} />` : null}
        ${has.listeners || view.certificates.length > 0 ? html`<${Certificates} certificates=${view.certificates} />` : null}
      </div>
    </div>`
}
