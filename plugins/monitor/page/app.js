// Which view is shown? The part behind the `#` says so, so that each view has a link: `#/webSockets?filter=site:Shop`.
import { html, render, useEffect, useErrorBoundary, useRef, useState } from './preact.js'
import { connection, paused } from './parts/connection.js'
import { Empty } from './parts/empty.js'
import { Header } from './parts/header/header.js'
import { choose, theme } from './parts/header/theme.js'
import { Help } from './parts/keyboard/help.js'
import { onKeys } from './parts/keyboard/keys.js'
import { show } from './parts/link.js'
import { useStore } from './parts/store.js'
import { Toasts } from './parts/toast.js'

/**
 * What each view gets.
 *
 * @typedef {object} ViewProps
 * @property {import('../src/messages/index.ts').Hello | null} hello null until the server has said it
 * @property {URLSearchParams} params those of the link
 * @property {(view: string, params?: import('./parts/link.js').Params) => void} go shows another view; `replaceLink` of `parts/link.js` changes the link of this one
 */

/** @typedef {(props: ViewProps) => unknown} View */

/** @type {ReadonlyArray<{ name: string, title: string, load: () => Promise<View>, isThere?: (has: import('../src/messages/index.ts').Hello['has']) => boolean }>} */
const VIEWS = [
  { name: 'now', title: 'Now', load: async () => (await import('./views/now.js')).NowView },
  { name: 'exchanges', title: 'Exchanges', load: async () => (await import('./views/exchanges.js')).ExchangesView },
  { name: 'webSockets', title: 'WebSockets', load: async () => (await import('./views/web-sockets.js')).WebSocketsView, isThere: has => has.webSockets },
  { name: 'farms', title: 'Farms', load: async () => (await import('./views/farms.js')).FarmsView, isThere: has => has.farms },
  { name: 'sites', title: 'Sites', load: async () => (await import('./views/sites.js')).SitesView, isThere: has => has.sites || has.listeners || has.explain },
  { name: 'traces', title: 'Traces', load: async () => (await import('./views/traces.js')).TracesView, isThere: has => has.traces },
  { name: 'findings', title: 'Findings', load: async () => (await import('./views/findings.js')).FindingsView, isThere: has => has.webSockets }
]

/** @type {Readonly<Record<string, import('./parts/header/theme.js').Theme>>} */
const NEXT_THEME = { system: 'light', light: 'dark', dark: 'system' }

/** @type {Map<string, View>} */
const loaded = new Map()

/** @param {typeof VIEWS[number]} view */
async function load ({ name, load }) {
  loaded.set(name, await load())
}

/** @param {ViewProps & { name: string }} props */
function Shown ({ name, ...props }) {
  const [, again] = useState(0)
  const [error, forget] = useErrorBoundary()
  useEffect(() => {
    const view = VIEWS.find(one => one.name === name)
    if (view === undefined || loaded.has(name)) return
    load(view).then(() => { again(n => n + 1) }, problem => { again(n => n + 1); console.error(problem) })
  }, [name])
  if (error !== undefined) return html`<${Empty} title="This view has failed">${String(error.message ?? error)} <button type="button" class="control" onClick=${forget}>Try again</button><//>`
  const View = /** @type {any} */ (loaded.get(name))
  return View === undefined ? null : html`<${View} ...${props} />`
}

function App () {
  const [hash, setHash] = useState(location.hash)
  const [isHelping, setHelping] = useState(false)
  const { hello, state } = useStore(connection)
  const isPaused = useStore(paused)
  const main = useRef(/** @type {HTMLElement | null} */ (null))
  const [, name = 'now', query = ''] = /^#\/([^?]*)\??(.*)$/.exec(hash) ?? []
  const shown = VIEWS.find(view => view.name === name) ?? /** @type {typeof VIEWS[number]} */ (VIEWS[0])
  const views = VIEWS.filter(view => view === shown || hello === null || (view.isThere?.(hello.has) ?? true))

  useEffect(() => {
    const onChange = () => { setHash(location.hash) }
    addEventListener('hashchange', onChange)
    return () => { removeEventListener('hashchange', onChange) }
  }, [])
  useEffect(() => onKeys({
    ...Object.fromEntries(views.map((view, n) => [String(n + 1), () => { show(view.name) }])),
    '/': () => { /** @type {HTMLInputElement | null} */ (document.querySelector('[data-filter]'))?.select() },
    '?': () => { setHelping(true) },
    p: () => { paused.set(!paused.get()) },
    t: () => { choose(NEXT_THEME[theme.get()] ?? 'system') }
  }), [views.map(view => view.name).join()])
  const isFirst = useRef(true)
  useEffect(() => {
    document.title = `${shown.title} · Monitor`
    if (isFirst.current) isFirst.current = false
    else {
      main.current?.focus({ preventScroll: true })
      scrollTo(0, 0)
    }
  }, [shown])

  return html`
    <a class="skip" href="#main" onClick=${(/** @type {Event} */ event) => { event.preventDefault(); main.current?.focus() }}>Go to the content</a>
    <${Header} views=${views} shown=${shown.name} onHelp=${() => setHelping(true)} />
    <main id="main" ref=${main} tabIndex=${-1} class=${`view-${shown.name}${state === 'away' || state === 'refused' || isPaused ? ' old' : ''}`}><${Shown} key=${shown.name} name=${shown.name} hello=${hello} params=${new URLSearchParams(query)} go=${show} /></main>
    ${isHelping ? html`<${Help} views=${views} onClose=${() => setHelping(false)} />` : null}
    <${Toasts} />`
}

const root = /** @type {HTMLElement} */ (document.getElementById('app'))
root.textContent = ''
render(html`<${App} />`, root)
// The server may be away when another view is wanted.
setTimeout(() => { for (const view of VIEWS) if (!loaded.has(view.name)) load(view).catch(() => {}) }, 1000)
