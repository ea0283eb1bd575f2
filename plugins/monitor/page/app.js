// Which view is shown? The part behind the `#` says so, so that each view has a link: `#/webSockets?filter=site:Shop`.
import { html, render, useEffect, useState } from './preact.js'
import { NowView } from './views/now.js'

/**
 * What each view gets.
 *
 * @typedef {object} ViewProps
 * @property {import('../src/messages/index.ts').Hello | null} hello null until the server has said it
 * @property {URLSearchParams} params those of the link
 * @property {(view: string, params?: Readonly<Record<string, string>>) => void} go shows another view
 */

/** @type {ReadonlyArray<{ name: string, title: string, view: (props: ViewProps) => unknown }>} */
const VIEWS = [
  { name: 'now', title: 'Now', view: NowView }
]

function App () {
  const [hash, setHash] = useState(location.hash)
  useEffect(() => {
    const onChange = () => { setHash(location.hash) }
    addEventListener('hashchange', onChange)
    return () => { removeEventListener('hashchange', onChange) }
  }, [])
  const [, name = 'now', query = ''] = /^#\/([^?]*)\??(.*)$/.exec(hash) ?? []
  const shown = VIEWS.find(view => view.name === name) ?? VIEWS[0]
  /** @type {ViewProps['go']} */
  const go = (view, params = {}) => { location.hash = `#/${view}?${new URLSearchParams(params)}` }
  return html`<main><${/** @type {any} */ (shown).view} hello=${null} params=${new URLSearchParams(query)} go=${go} /></main>`
}

render(html`<${App} />`, document.body)
